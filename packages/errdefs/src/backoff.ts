/** A duration of `base` to twice `base`, so that many who wait do not all come back at once. */
export function jittered(base: number): number {
  return base * (1 + Math.random())
}

/** Doubling delays in milliseconds with full jitter in their upper half: from `first`, never above `cap`. */
export function backoff(attempt: number, first: number, cap: number): number {
  const exponential = Math.min(cap, first * 2 ** Math.min(attempt, 30))
  return exponential / 2 + (Math.random() * exponential) / 2
}
