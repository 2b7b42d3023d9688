/**
 * A listener that passes on at most one offset per interval. The first offset always passes: it is where the transfer starts. An
 * offset smaller than the one before always passes: the transfer has restarted.
 */
export function throttleProgress(
  report: (offset: number) => unknown,
  intervalMs: number,
  clock: () => number = () => performance.now(),
): (offset: number) => void {
  // Not 0: the clock of a thread starts at 0.
  let last = Number.NEGATIVE_INFINITY
  let furthest = 0
  return (offset) => {
    const now = clock()
    if (now - last < intervalMs && offset >= furthest) return
    last = now
    furthest = offset
    report(offset)
  }
}
