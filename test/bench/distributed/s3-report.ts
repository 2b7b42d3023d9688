import type { BenchReport } from '../bench.js'
import { table } from '../table.js'
import { MiB } from '../workloads.js'
import type { S3Result, Way } from './s3.js'

/** The least shares of what curl reaches. */
const goals: Readonly<Record<string, number>> = { '1 worker': 0.5, '2 workers': 0.6 }
/** The largest share of the time that the queue may take, from blobs of this size on. */
const queueGoal = { share: 0.1, blob: 4 * MiB }

const header = ['workload', 'way', 's', 'min', 'max', 'MiB/s', 'of curl', 'goal', 'cpu s', 'queue', 'goal']

export function s3Report(results: readonly S3Result[]): BenchReport {
  const markdown = [
    '## Into S3',
    '',
    'Medians; registry, services, Redis and gateway share the cores. *of curl*: the speed over that of one curl that',
    'puts as many bytes in parts of 16 MiB to presigned URLs, 8 at a time. *queue*: how much of the time the queue',
    'takes, against the same pipeline in one process without it.',
    '',
    ...table([header, ...results.flatMap(rows)], 2),
  ]
  return { markdown, json: results.map((result) => ({ ...result, ways: result.ways.map(shared(result)) })) }
}

function rows(result: S3Result): string[][] {
  return result.ways
    .map(shared(result))
    .map((way, i) => [
      i === 0 ? result.title : '',
      way.name,
      ...[
        way.wall,
        Math.min(...way.runs.map(({ wall }) => wall)),
        Math.max(...way.runs.map(({ wall }) => wall)),
      ].map((seconds) => seconds.toFixed(2)),
      (result.bytes / MiB / way.wall).toFixed(0),
      way.ofCurl?.toFixed(2) ?? '',
      way.ofCurl === undefined ? '' : (goals[way.name]?.toFixed(2) ?? ''),
      way.cpu.toFixed(2),
      way.queueShare === undefined ? '' : percent(way.queueShare),
      way.queueShare !== undefined && result.blob >= queueGoal.blob ? percent(queueGoal.share) : '',
    ])
}

function shared(result: S3Result) {
  const wallOf = (name: string) => result.ways.find((way) => way.name === name)?.wall
  const [curl, embedded] = [wallOf('curl'), wallOf('no queue')]
  return (way: Way) => ({
    ...way,
    ...(curl === undefined || way.name === 'curl' ? {} : { ofCurl: curl / way.wall }),
    // Two workers have two processes for the bytes: what the queue takes shows with one.
    ...(way.name !== '1 worker' || embedded === undefined ? {} : { queueShare: 1 - embedded / way.wall }),
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
