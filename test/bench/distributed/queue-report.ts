import type { BenchReport } from '../bench.js'
import { table } from '../table.js'
import type { PeakMemory } from './peaks.js'
import type { QueueResult } from './queue.js'
import type { QueuedMemory } from './queued.js'
import type { Rates } from './rates.js'

/** Bytes that a worker may need beyond its --memory. */
const allowance = 150e6

export function queueReport(result: QueueResult): BenchReport {
  const blobs = result.rates[0]?.blobs ?? 0
  const markdown = [
    '## The queue',
    '',
    `${blobs / 2} images of one 10 KiB layer into S3, ${blobs} blobs; medians. *added*: how much longer a blob takes`,
    'than in the same pipeline in one process without a queue, and how much more CPU. *wait*: from the adding of a',
    "blob's job to its start, and *one image*: until one image is published, both with nothing else to do.",
    '',
    ...rateTable(result.rates),
    '',
    'Memory of Redis while blobs wait, images and references included:',
    '',
    ...queuedTable(result.queued),
    '',
    'Peak resident memory of the services:',
    '',
    ...peakTable(result.peaks),
  ]
  return { markdown, json: result }
}

function rateTable(rates: readonly Rates[]): string[] {
  const [bare] = rates
  const added = (rate: Rates, figure: 'wall' | 'cpu') =>
    rate.workers === 0 || bare === undefined
      ? ''
      : milliseconds((rate[figure] - bare[figure]) / rate.blobs, 2)
  const header = [
    'workers',
    's',
    'blobs/s',
    'added ms',
    'cpu s',
    'added cpu ms',
    'wait ms',
    'p99',
    'one image ms',
  ]
  const row = (rate: Rates) => [
    rate.workers === 0 ? 'no queue' : String(rate.workers),
    rate.wall.toFixed(2),
    (rate.blobs / rate.wall).toFixed(0),
    added(rate, 'wall'),
    rate.cpu.toFixed(2),
    added(rate, 'cpu'),
    rate.wait?.median.toFixed(0) ?? '',
    rate.wait?.p99.toFixed(0) ?? '',
    milliseconds(rate.single, 0),
  ]
  return table([header, ...rates.map(row)], 1)
}

function queuedTable(queued: readonly QueuedMemory[]): string[] {
  const row = ({ images, blobs, bytes }: QueuedMemory) => {
    return [String(blobs), String(images), (bytes / 1e6).toFixed(1), (bytes / blobs).toFixed(0)]
  }
  return table([['blobs', 'images', 'MB', 'bytes per blob'], ...queued.map(row)], 0)
}

function peakTable({ memory, title, coordinator, worker }: PeakMemory): string[] {
  const most = memory + allowance
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)
  return table(
    [
      ['service', 'with', 'peak MB', 'at most'],
      ['coordinator', title, megabytes(coordinator), ''],
      [`worker --memory ${memory / 2 ** 20}MiB`, title, megabytes(worker), megabytes(most)],
    ],
    2,
  )
}

function milliseconds(seconds: number, digits: number): string {
  return (seconds * 1000).toFixed(digits)
}
