import { DistError } from '@dist/errdefs'
import { type ImageTask, type Source, strippedSource, type TargetOf } from '@dist/mirror'
import { formatReference, type Reference } from '@dist/reference'
import type { ImageReport } from '@dist/runs'
import { type Choice, type ImageRequest, type MirrorEntry, wantedBy } from '@dist/sync'
import { requestedPlatforms } from '../images/destinations.js'
import { flaggedReferrers } from '../images/referrers.js'
import type { ReferrersOptions } from '../options.js'
import { type Origin, reportedError } from './outcomes.js'

/** One image for one destination. */
export interface Job {
  readonly request: ImageRequest
  readonly destination: ImageRequest['destinations'][number]
}

export function jobsOf({ requests }: Choice): Job[] {
  return requests.flatMap((request) => request.destinations.map((destination) => ({ request, destination })))
}

/** The registry of each job that goes to one. */
export function registriesOf(jobs: readonly Job[]): string[] {
  return jobs.flatMap(({ destination }) => (destination === 'store' ? [] : [destination.host]))
}

export interface TaskParts {
  readonly entries: readonly MirrorEntry[]
  readonly source: Source
  /** The target of a name in a registry. */
  readonly registry: (destination: Reference) => TargetOf
  /** They go before the file. */
  readonly flags: ReferrersOptions & { readonly platform?: readonly string[] | undefined }
}

/** What the engine does for each job. The store is the engine's own target. */
export function* tasksOf(
  jobs: readonly Job[],
  { entries, source, registry, flags }: TaskParts,
): Generator<ImageTask> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  for (const { request, destination } of jobs) {
    const name = formatReference(request.source)
    yield {
      reference: request.source,
      ...partOf(byName.get(request.entry), source, flags),
      immutable: request.isImmutable,
      ...(destination === 'store'
        ? { name }
        : { target: registry(destination), name: `${name} -> ${formatReference(destination)}` }),
    }
  }
}

/** What is taken of an image. */
function partOf(
  entry: MirrorEntry | undefined,
  source: Source,
  flags: TaskParts['flags'],
): Pick<ImageTask, 'source' | 'platforms' | 'anyPlatform' | 'referrers' | 'referrersFreshFor'> {
  if (entry === undefined) throw new DistError('INTERNAL', 'an image of no mirror')
  const { platforms: listed, isStripped, referrers, referrersFreshFor } = wantedBy(entry, flags.platform)
  const platforms = requestedPlatforms(listed === 'all' ? undefined : listed)
  const wanted = { referrers: flaggedReferrers(flags) ?? referrers, referrersFreshFor }
  if (isStripped) return { ...wanted, source: strippedSource(source, platforms), platforms: 'all' }
  return { ...wanted, platforms, anyPlatform: true }
}

export function originOf(job: Job | undefined): Origin {
  if (job === undefined) return {}
  const { request, destination } = job
  return { entry: request.entry, ...(destination === 'store' ? {} : { to: formatReference(destination) }) }
}

/** What could not be listed or named. `from`: the index of the first. */
export function failedReports({ failures }: Choice, from: number): ImageReport[] {
  return failures.map(({ entry, source, stage, error }, index) => ({
    index: from + index,
    entry,
    reference: source,
    state: 'failed',
    error: reportedError(error),
    stage,
  }))
}
