import { cpus } from 'node:os'

/** The share of the machine's processors that was in use, by all programs, since `busySince` was called. */
export function busySince(): () => number {
  const before = times()
  return () => {
    const after = times()
    return 1 - (after.idle - before.idle) / (after.all - before.all)
  }
}

function times(): { idle: number; all: number } {
  const sum = { idle: 0, all: 0 }
  for (const { times } of cpus()) {
    sum.idle += times.idle
    sum.all += Object.values(times).reduce((a, b) => a + b)
  }
  return sum
}
