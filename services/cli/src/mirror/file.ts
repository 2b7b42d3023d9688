import { DistError } from '@dist/errdefs'
import {
  type BlobTask,
  type ImageTask,
  type IngestOptions,
  type Source,
  storeTarget,
  strippedSource,
  type TargetOf,
} from '@dist/mirror'
import { formatReference, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { ImageReport } from '@dist/runs'
import type { Choice, ImageRequest, MirrorEntry, MirrorFile } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { requestedPlatforms } from '../images/destinations.js'
import { type Ingest, openIngest, openPushes, pushIngest } from '../open/ingest.js'
import { noteWithoutBars, openRegistry, requestSettings } from '../open/registry.js'
import { openStore } from '../open/store.js'
import { note } from '../output/print.js'
import type { Report } from '../report/report.js'
import { runEngine } from './engine.js'
import type { MirrorOptions } from './mirror.js'
import { reportedError } from './outcomes.js'
import { chooseSources } from './sources.js'

/** Images that are read ahead of those that are mirrored: reading costs no request. */
const ahead = 10_000

/** Mirrors in this process what a mirror file says. Resolves to the exit code. */
export async function mirrorFile(
  context: Context,
  file: MirrorFile,
  options: MirrorOptions,
  report: Report,
): Promise<number> {
  const { registries } = file
  await using remote = await openRegistry({ ...options, registries }, context, noteWithoutBars(context, {}))
  const choice = await chooseSources(context, file, remote)
  const jobs = choice.requests.flatMap(jobsOf)
  const failed = failedReports(choice, jobs.length)
  if (jobs.length + failed.length === 0) {
    note(context, 'nothing to mirror: the mirror file selects no image')
    return exitCodes.done
  }
  const hosts = registriesOf(jobs)
  const entries = new Map(file.entries.map((entry) => [entry.name, entry]))
  const run = (places: Places) =>
    runEngine(
      {
        context,
        options,
        report,
        failed,
        total: jobs.length,
        images: tasksOf(jobs, entries, places, options),
        originOf: ({ index }) => originOf(jobs[index]),
        to: hosts.length < jobs.length ? undefined : [...new Set(hosts)].join(', '),
      },
      { source: remote, target: places.store, ingest: places.ingest, hosts: remote.limiter },
      { platforms: 'all', ahead },
    )
  const needsStore = hosts.length < jobs.length
  return await withPlaces(context, remote, options, needsStore, run)
}

/** One image for one destination. */
interface Job {
  readonly request: ImageRequest
  readonly destination: ImageRequest['destinations'][number]
}

function jobsOf(request: ImageRequest): Job[] {
  return request.destinations.map((destination) => ({ request, destination }))
}

/** The registry of each job that goes to one. */
function registriesOf(jobs: readonly Job[]): string[] {
  return jobs.flatMap(({ destination }) => (destination === 'store' ? [] : [destination.host]))
}

function* tasksOf(
  jobs: readonly Job[],
  entries: ReadonlyMap<string, MirrorEntry>,
  places: Places,
  { platform }: MirrorOptions,
): Generator<ImageTask> {
  for (const { request, destination } of jobs) {
    const source = formatReference(request.source)
    yield {
      reference: request.source,
      ...partOf(entries.get(request.entry), places.source, platform),
      immutable: request.isImmutable,
      ...(destination === 'store'
        ? { name: source, referrers: false }
        : { target: places.registry(destination), name: `${source} -> ${formatReference(destination)}` }),
    }
  }
}

/** What is taken of an image. `platform`: the flag, which goes before the file. */
function partOf(
  entry: MirrorEntry | undefined,
  source: Source,
  platform: readonly string[] | undefined,
): Pick<ImageTask, 'source' | 'platforms' | 'anyPlatform' | 'referrers' | 'referrersFreshFor'> {
  const { platforms: listed = [], index, referrers = false, referrersFreshFor } = entry ?? {}
  const platforms = requestedPlatforms(platform ?? (listed.length === 0 ? undefined : listed))
  const types = referrers !== false && referrers.length > 0 ? { artifactTypes: referrers } : undefined
  const wanted = { referrers: types ?? referrers !== false, referrersFreshFor }
  if (index === 'stripped') return { ...wanted, source: strippedSource(source, platforms), platforms: 'all' }
  return { ...wanted, platforms, anyPlatform: true }
}

function originOf(job: Job | undefined): Pick<ImageReport, 'entry' | 'to'> {
  if (job === undefined) return {}
  const { request, destination } = job
  return {
    entry: request.entry,
    ...(destination === 'store' ? {} : { to: formatReference(destination) }),
  }
}

/** What could not be listed or named. `from`: the index of the first. */
function failedReports({ failures }: Choice, from: number): ImageReport[] {
  return failures.map(({ entry, source, stage, error }, index) => ({
    index: from + index,
    entry,
    reference: source,
    state: 'failed',
    error: reportedError(error),
    stage,
  }))
}

/** Where images come from and go to. */
interface Places {
  readonly source: Source
  readonly store: TargetOf
  readonly registry: (destination: Reference) => TargetOf
  readonly ingest: Ingest
}

/** Opens registries as places, and the store if it is needed, while `run` runs. */
async function withPlaces<T>(
  context: Context,
  remote: Registry,
  options: MirrorOptions,
  needsStore: boolean,
  run: (places: Places) => Promise<T>,
): Promise<T> {
  const { concurrency } = options
  const pushes = await openPushes(remote)
  const push = pushIngest(pushes, concurrency)
  const registry = (destination: Reference) => pushes.targetAt(() => destination)
  if (!needsStore) return await run({ source: remote, store: noStore, registry, ingest: push })
  await using store = await openStore(options, context.env, { create: true })
  const requests = await requestSettings(options, context)
  await using into = await openIngest({ store, remote, requests, concurrency })
  const ingest = (task: BlobTask, asked: IngestOptions) =>
    task.to === undefined ? into.blob(task, asked) : push(task, asked)
  return await run({ source: remote, store: storeTarget(store.content, store.names), registry, ingest })
}

function noStore(): never {
  throw new DistError('INTERNAL', 'an image without a destination')
}
