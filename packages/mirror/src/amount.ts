/** Objects, and their bytes. */
export interface Amount {
  readonly objects: number
  readonly bytes: number
}

/** An amount that grows. */
export type Sum = { -readonly [Key in keyof Amount]: Amount[Key] }

export function none(): Sum {
  return { objects: 0, bytes: 0 }
}

/** Adds an object. */
export function add(sum: Sum, size: number): void {
  sum.objects++
  sum.bytes += size
}
