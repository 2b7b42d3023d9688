/** What `using` makes of an error in a block and another one while it is left. */
interface Suppressed extends Error {
  /** What failed last: a disposal. */
  readonly error: unknown
  /** What failed before. */
  readonly suppressed: unknown
}

/**
 * The error that came first. Where `using` disposes of something after an error and that fails, too, both arrive as a
 * `SuppressedError`; why it failed is the one that came first, the others are most often what it led to.
 */
export function firstError(error: unknown): unknown {
  let first = error
  while (isSuppressed(first)) first = first.suppressed
  return first
}

/** What failed after the first error, while things were disposed of; in the order in which it did. */
export function laterErrors(error: unknown): readonly unknown[] {
  const later: unknown[] = []
  for (let each = error; isSuppressed(each); each = each.suppressed) later.unshift(each.error)
  const first = firstError(error)
  return later.filter((each) => each !== first)
}

// By its name: Node 20 has no such class, and what stands in for it is a plain Error.
function isSuppressed(error: unknown): error is Suppressed {
  return error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error
}
