import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  /** The load of the last minute when the benchmark began: above 0.5 or so, others are at work as well. */
  readonly load: number
}

export function thisMachine(): Machine {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? Number.NaN,
  }
}

export function machineLine({ cpu, cores, memory, kernel, node, load }: Machine): string {
  const gigabytes = (memory / 2 ** 30).toFixed(0)
  return `${cpu}, ${cores} cores, ${gigabytes} GiB, Linux ${kernel}, Node ${node}; load ${load.toFixed(1)} at the start.`
}
