import type { Answer, Routes } from '@dist/api'
import type { ComponentChildren } from 'preact'
import { formatBytes, formatCount, formatDuration, formatShare, plural, shareOf } from '../format.js'
import { Speeds } from '../speeds.js'
import { Bar } from './state.js'

export type Run = Answer<Routes['listRuns']>['items'][number]

/** How fast the runs that are shown fetch. */
export const speeds = new Speeds()

/** Notes how far runs are, for their speeds. */
export function noteRuns(runs: readonly Run[]): void {
  for (const { id, state, bytes } of runs) if (state === 'running') speeds.note(id, bytes.fetched, Date.now())
}

/** How far a run is: the images that have ended, and of those under way the part of the bytes that is there. */
function runShare({ images, bytes }: Pick<Run, 'images' | 'bytes'>): number {
  const ended = images.done + images.failed + images.canceled
  return shareOf(ended + images.active * shareOf(bytes.fetched, bytes.total), images.total)
}

/** The bar of a run, with what it says in words. */
export function RunProgress({ run }: { readonly run: Run }) {
  const share = runShare(run)
  const { id, state, bytes, images } = run
  return (
    <div class="progress">
      <Bar share={share} failed={shareOf(images.failed, images.total)} label={`progress of run ${id}`} />
      <span>
        {state === 'running' && formatShare(share)}
        {state === 'running' && bytes.total > 0 && ' · '}
        {bytes.total > 0 && `${formatBytes(bytes.fetched)}${ofTotal(run)}`}
        {bytes.total === 0 && state === 'done' && 'nothing had to be fetched'}
      </span>
    </div>
  )
}

function ofTotal({ bytes: { fetched, total } }: Run): string {
  return total > fetched ? ` of ${formatBytes(total)}` : ' fetched'
}

/** How fast a run is, and when it will be done. */
export function RunSpeed({ run }: { readonly run: Run }) {
  const speed = speeds.of(run.id)
  const left = run.bytes.total - run.bytes.fetched
  if (run.state !== 'running' || speed === undefined || left <= 0) return null
  return (
    <span>
      {formatBytes(speed)}/s{speed > 0 ? ` · ${formatDuration((left / speed) * 1000)} left` : ''}
    </span>
  )
}

interface CountsProps {
  readonly images: Run['images']
  readonly children?: ComponentChildren
}

/** The counts of the images of a run, and what else is told beside them. */
export function RunCounts({ images, children }: CountsProps) {
  const { total, done, failed, canceled, active } = images
  const waiting = total - done - failed - canceled - active
  return (
    <span class="counts">
      <span>
        {formatCount(done)} of {plural(total, 'image')} done
      </span>
      {failed > 0 && <span class="bad">{formatCount(failed)} failed</span>}
      {active > 0 && <span>{formatCount(active)} active</span>}
      {waiting > 0 && <span>{formatCount(waiting)} waiting</span>}
      {canceled > 0 && <span>{formatCount(canceled)} canceled</span>}
      {children}
    </span>
  )
}
