/**
 * Passes offsets on, at most one in so many milliseconds. The first one always passes: it tells where a transfer
 * starts.
 */
export function throttled(
  report: (offset: number) => unknown,
  interval: number,
  clock: () => number = () => performance.now(),
): (offset: number) => void {
  // Not 0: a thread's clock starts with the thread.
  let last = Number.NEGATIVE_INFINITY
  return (offset) => {
    const now = clock()
    if (now - last < interval) return
    last = now
    report(offset)
  }
}
