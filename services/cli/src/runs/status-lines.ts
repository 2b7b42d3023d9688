import { sanitize } from '@dist/errdefs'
import { describeObstacle, type ImageReport, type Obstacle, type RunStatus } from '@dist/runs'
import { formatBytes, formatDuration } from '../output/format.js'
import { failureLines } from '../report/report.js'
import { verbOf } from '../report/summary.js'

/** Failed images that are shown. */
const shownFailures = 20

/** The status of a run as lines. `now` is in milliseconds. */
export function statusLines(status: RunStatus, now: number, obstacles: readonly Obstacle[] = []): string[] {
  const { id, kind, state, createdAt, endedAt, elapsed, store, to, error, blobs, bytes } = status
  const ago = formatDuration(now - createdAt.getTime())
  const took = endedAt === undefined ? '' : `, took ${formatDuration(elapsed)}`
  const rows = [
    ['run', id],
    ['kind', kind],
    ['state', state],
    ...(error === undefined ? [] : [['error', sanitize(error.message, 500)]]),
    ['submitted', `${ago} ago${took}`],
    to === undefined ? ['store', store] : ['to', to],
    ...platformRow(status),
    ['images', imagesCell(status)],
    ['blobs', `${blobs.done}/${blobs.total} done, ${blobs.failed} failed`],
    ['bytes', `${formatBytes(bytes.fetched)} of ${formatBytes(bytes.total)} ${verbOf(status)}`],
    ...obstacles.map((obstacle) => ['waits', sanitize(describeObstacle(obstacle, now), 1_000)]),
  ]
  return rows.map(([name = '', value = '']) => `${name.padEnd(9)}  ${value}`.trimEnd())
}

function imagesCell({ images }: RunStatus): string {
  const { done, total, failed, canceled, active } = images
  const given = canceled > 0 ? `, ${canceled} canceled` : ''
  return `${done}/${total} done, ${failed} failed${given}, ${active} in flight`
}

/** A verification has no platforms: it verifies those of the store. */
function platformRow({ kind, platforms }: RunStatus): [string, string][] {
  if (kind === 'verify') return []
  return [['platforms', platforms === 'all' ? platforms : platforms.join(', ')]]
}

/** The first failures, and the number of the others. */
export async function* failedLines(failed: AsyncIterable<ImageReport>): AsyncIterable<string> {
  let count = 0
  for await (const image of failed) {
    count++
    if (count > shownFailures) continue
    for (const [i, line] of failureLines(image).entries())
      yield i === 0 ? `failed     ${line}` : `         ${line}`
  }
  if (count > shownFailures)
    yield `           and ${count - shownFailures} more; --report FILE lists all of them`
}
