import { readFileSync } from 'node:fs'

/** Linux counts in ticks of 10 ms, whatever the processor. */
const ticksPerSecond = 100

/** Seconds of CPU, user and system, that processes have used since their start. */
export function cpuOf(...pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuOfOne(pid), 0)
}

function cpuOfOne(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // proc(5): the name is in parentheses and may hold anything; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** The peak of a process' resident set since its start, in bytes. */
export function peakOf(pid: number): number {
  const [, kilobytes = 'NaN'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
