/** What `using` throws when a block fails and then a disposal fails, too. */
interface Suppressed extends Error {
  /** The error of the disposal. */
  readonly error: unknown
  /** The earlier error. */
  readonly suppressed: unknown
}

/**
 * The error that was thrown first. If a disposal by `using` fails after an error, both arrive as a `SuppressedError`. The
 * first is the reason of the failure; the others usually follow from it.
 */
export function firstError(error: unknown): unknown {
  let first = error
  while (isSuppressed(first)) first = first.suppressed
  return first
}

/** The errors of disposals after the first error, in order. */
export function laterErrors(error: unknown): readonly unknown[] {
  const later: unknown[] = []
  for (let each = error; isSuppressed(each); each = each.suppressed) later.unshift(each.error)
  const first = firstError(error)
  return later.filter((each) => each !== first)
}

// By name: Node 20 has no such class, and its polyfill is a plain Error.
function isSuppressed(error: unknown): error is Suppressed {
  return error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error
}
