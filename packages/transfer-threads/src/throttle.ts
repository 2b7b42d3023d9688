/**
 * Passes offsets on, at most one in so many milliseconds. The first one always passes, which tells where a transfer
 * starts, and so does one that is less than the one before: it starts again.
 */
export function throttled(
  report: (offset: number) => unknown,
  interval: number,
  clock: () => number = () => performance.now(),
): (offset: number) => void {
  // Not 0: a thread's clock starts with the thread.
  let last = Number.NEGATIVE_INFINITY
  let furthest = 0
  return (offset) => {
    const now = clock()
    if (now - last < interval && offset >= furthest) return
    last = now
    furthest = offset
    report(offset)
  }
}
