import type { BenchOptions, BenchReport } from '../bench.js'
import { medianOf } from '../measure.js'
import { table } from '../table.js'
import type { CostPoint } from './cost.js'
import { type LineId, lines } from './goals.js'
import type { ManyResult } from './many.js'
import type { ImageRequests, Requests } from './requests.js'

/** With `quick`, goals are not judged: the sizes are not those of the table. */
export function manyReport(result: ManyResult, { quick }: Pick<BenchOptions, 'quick'>): BenchReport {
  const markdown = [
    '## Many',
    '',
    'Tiny images; medians. Processor time is user and system time of whole processes, their start included.',
    '',
    ...(quick ? ['Small sizes, not those of the table: goals do not apply.', ''] : []),
    ...goalTable(result, !quick),
    '',
    'Requests for one image by a queue:',
    '',
    ...requestTable(result.requests),
    '',
    'By a queue into a bucket: processor time for each image in ms, without the start of the services, and peaks of the',
    'resident memory in MB. An image has two blobs and a manifest.',
    '',
    ...costTable(result.cost),
  ]
  return { markdown, json: result }
}

function goalTable({ figures }: ManyResult, judged: boolean): string[] {
  const row = (id: LineId) => {
    const { title, unit, before, goal } = lines[id]
    const measured = medianOf(figures[id] ?? [])
    const reached = Number.isNaN(measured) || !judged ? '' : measured <= goal ? 'yes' : 'no'
    return [title, unit, formatted(before), formatted(goal), formatted(measured), reached]
  }
  const ids = Object.keys(lines) as LineId[]
  return table([['what', 'in', 'before', 'goal', 'measured', 'reached'], ...ids.map(row)], 2)
}

/** Three figures that count, and all of large ones. */
function formatted(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(figure < 10 ? 2 : 3)
}

function requestTable({ fresh, again }: Requests): string[] {
  const methods = [...new Set([fresh, again].flatMap(({ bucket }) => Object.keys(bucket)))].sort()
  const row = (title: string, { registry, bucket }: ImageRequests) => [
    title,
    registry.toFixed(2),
    ...methods.map((method) => (bucket[method] ?? 0).toFixed(2)),
  ]
  const header = ['run', 'registry', ...methods.map((method) => `bucket ${method}`)]
  return table([header, row('first', fresh), row('again', again)], 1)
}

const parts = ['coordinator', 'workers', 'redis', 'command'] as const

function costTable(points: readonly CostPoint[]): string[] {
  const header = [
    ...['images', 's', 'coordinator', 'worker', 'Redis', 'command', 'ms an image', 'ms a blob'],
    ...['coordinator MB', 'worker MB', 'Redis MB', 'command MB', 'Redis commands'],
  ]
  const row = ({ images, wall, cpu, peak, redisCommands }: CostPoint) => {
    const costs = parts.map((part) => (cpu[part] / images) * 1000)
    const sum = costs.reduce((a, b) => a + b)
    return [
      ...[String(images), wall.toFixed(1), ...[...costs, sum, sum / 2].map((cost) => cost.toFixed(2))],
      ...[...parts.map((part) => (peak[part] / 1e6).toFixed(0)), (redisCommands / images).toFixed(0)],
    ]
  }
  return table([header, ...points.map(row)], 0)
}
