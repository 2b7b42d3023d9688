import type { Chart, Line } from './chart.js'
import type { ScalePoint } from './distributed/scale.js'
import type { FarWay } from './far/far.js'
import { shareOf } from './far/report.js'
import type { CostPoint } from './many/cost.js'
import type { ManyResult } from './many/many.js'

/** What can be drawn of the figures of a benchmark. */
export interface Figures {
  readonly scale?: readonly ScalePoint[] | undefined
  readonly many?: ManyResult | undefined
  readonly far?: readonly FarWay[] | undefined
}

export const charts = {
  scale: ({ scale }: Figures) => scale && scaleChart(scale),
  many: ({ many }: Figures) => many && costChart(many.cost),
  far: ({ far }: Figures) => far && farChart(far),
}

function scaleChart(points: readonly ScalePoint[]): Chart {
  const linesOf = (value: (point: ScalePoint) => number): Line[] =>
    [...new Set(points.map(({ workers }) => workers))].map((workers) => ({
      name: workers === 1 ? '1 worker' : `${workers} workers`,
      points: points
        .filter((point) => point.workers === workers)
        .map((point) => [point.images, value(point)]),
    }))
  return {
    title: 'Time and throughput over the number of images, for each number of workers',
    panels: [
      {
        title: 'Seconds for so many images',
        unit: 's',
        logarithmic: true,
        lines: linesOf(({ wall }) => wall),
      },
      { title: 'Images per second', unit: '/s', lines: linesOf(({ images, wall }) => images / wall) },
    ],
  }
}

const parts = [
  ['coordinator', 'coordinator'],
  ['worker', 'workers'],
  ['Redis', 'redis'],
  ['command', 'command'],
] as const

function costChart(points: readonly CostPoint[]): Chart {
  const linesOf = (value: (point: CostPoint, part: (typeof parts)[number][1]) => number): Line[] =>
    parts.map(([name, part]) => ({ name, points: points.map((point) => [point.images, value(point, part)]) }))
  return {
    title: 'Processor time and memory of each service over the number of images',
    panels: [
      {
        title: 'Processor time for an image',
        unit: 'ms',
        lines: linesOf(({ cpu, images }, part) => (cpu[part] / images) * 1000),
      },
      { title: 'Peak memory', unit: 'MB', lines: linesOf(({ peak }, part) => peak[part] / 1e6) },
    ],
  }
}

function farChart(ways: readonly FarWay[]): Chart {
  const forms = [
    ['embedded', ways.filter(({ workers }) => workers === 0)],
    ['by a queue', ways.filter(({ workers }) => workers > 0)],
  ] as const
  const linesOf = (suffix: string, value: (way: FarWay) => number): Line[] =>
    forms.map(([name, those]) => ({
      name: `${name}${suffix}`,
      points: those.map((way) => [way.transfers, value(way)]),
    }))
  const speed = (seconds: (way: FarWay) => number) => (way: FarWay) => way.bytes / 1e6 / seconds(way)
  return {
    title: 'Throughput and its share of the ideal over the number of transfers, for a registry that is far',
    panels: [
      {
        title: 'Throughput with so many transfers',
        unit: 'MB/s',
        lines: [
          ...linesOf(
            '',
            speed(({ wall }) => wall),
          ),
          ...linesOf(
            ', ideal',
            speed(({ ideal }) => ideal),
          ),
        ],
      },
      {
        title: 'Percent of ideal',
        unit: '%',
        lines: linesOf('', (way) => 100 * shareOf(way)),
      },
    ],
  }
}
