import type { BenchReport } from '../bench.js'
import { medianOf } from '../measure.js'
import { table } from '../table.js'
import type { FarRun, FarWay } from './far.js'

/** The least share of what latency and bandwidth allow, as long as a processor is free. */
const goal = 0.85
/** From this share of use on the processors are full: the rest is what a scheduler leaves. */
const full = 0.9

const header = [
  ...['way', 'transfers', 's', 'ideal s', 'share', 'goal', 'MB/s', 'cpu s', 'registry cpu s'],
  ...['processors in use', 'full'],
]

export function farReport(ways: readonly FarWay[], images: number): BenchReport {
  const markdown = [
    '## Far',
    '',
    `${images} images of two layers of 1 MiB from a registry that is 50 ms away and gives 20 MB/s to each connection, into`,
    'a folder; medians of whole commands. *ideal*: what latency and bandwidth allow to so many transfers. *processors in',
    'use*: of the whole machine, registry and Redis included.',
    '',
    ...table([header, ...ways.map(row)], 1),
  ]
  return { markdown, json: ways }
}

export function shareOf({ ideal, wall }: FarWay): number {
  return ideal / wall
}

function medianRun({ runs }: FarWay, figure: keyof FarRun): number {
  return medianOf(runs.map((run) => run[figure]))
}

function nameOf({ workers }: Pick<FarWay, 'workers'>): string {
  if (workers === 0) return 'embedded'
  return workers === 1 ? '1 worker' : `${workers} workers`
}

function row(way: FarWay): string[] {
  const busy = medianRun(way, 'busy')
  return [
    nameOf(way),
    String(way.transfers),
    way.wall.toFixed(2),
    way.ideal.toFixed(2),
    shareOf(way).toFixed(2),
    goal.toFixed(2),
    (way.bytes / 1e6 / way.wall).toFixed(0),
    medianRun(way, 'cpu').toFixed(2),
    medianRun(way, 'registryCpu').toFixed(2),
    `${(busy * 100).toFixed(0)} %`,
    busy >= full ? 'yes' : 'no',
  ]
}
