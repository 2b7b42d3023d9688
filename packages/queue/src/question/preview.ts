import { hasCode, isCanceled, linkSignals, sanitize } from '@dist/errdefs'
import { CreationDates, type ImageTask, previewImages, strippedSource } from '@dist/mirror'
import { parsePlatform } from '@dist/oci'
import { formatLocator, formatReference, type Locator } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import type { Preview, PreviewedImage, PreviewedTag } from '@dist/runs'
import {
  type Choice,
  chooseImages,
  type ImageRequest,
  type MirrorEntry,
  Tallying,
  type Verdict,
  wantedBy,
} from '@dist/sync'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { datesIn, entriesOf, type SourcesDocument } from '../run/sources.js'
import type { CoordinatorParts } from '../service.js'

export type PreviewParts = Pick<CoordinatorParts, 'source' | 'lists' | 'target' | 'hosts' | 'policy'>

export interface PreviewQuestion {
  readonly sources: SourcesDocument
  readonly images: boolean
  /** Milliseconds. */
  readonly timeout: number
}

const atMost = { tags: 5_000, failures: 100, images: 500, invalid: 20 }

/** What a mirror file takes, as far as it is found out in time. See `Questions.preview`. */
export async function preview(
  engine: Pick<Engine, 'redis' | 'keys'>,
  parts: PreviewParts & { readonly lists: NonNullable<PreviewParts['lists']> },
  { sources, images, timeout }: PreviewQuestion,
  signal: AbortSignal,
): Promise<Preview> {
  const entries = await entriesOf(sources)
  using limit = linkSignals(signal, AbortSignal.timeout(timeout))
  const listing = new Listing()
  const choice = await listing.choose(engine, parts, entries, limit.signal)
  const jobs = (choice?.requests ?? []).flatMap(jobsOf)
  const asked = jobs.slice(0, atMost.images)
  const previewed = images
    ? await previewOf(asked, entries, parts, limit.signal)
    : asked.map((job) => ({ ...originOf(job) }))
  const failures = choice?.failures ?? []
  return {
    tags: listing.tags,
    tally: listing.tally,
    invalid: [...(choice?.invalid ?? [])].slice(0, atMost.invalid).map((name) => sanitize(name, 200)),
    failures: failures.slice(0, atMost.failures).map(({ entry, source, stage, error }) => ({
      ...{ entry, source, stage },
      ...reportedError(error),
    })),
    images: previewed,
    isComplete:
      !limit.signal.aborted &&
      jobs.length <= atMost.images &&
      failures.length <= atMost.failures &&
      !listing.isCut,
  }
}

/** What is listed, also when the time is up before all of it is. */
class Listing {
  readonly tags: PreviewedTag[] = []
  readonly #tallying = new Tallying()
  isCut = false

  get tally(): Preview['tally'] {
    return this.#tallying.tally()
  }

  /** Undefined: the time is up. */
  async choose(
    engine: Pick<Engine, 'redis' | 'keys'>,
    { source, lists }: Pick<PreviewParts, 'source'> & { readonly lists: NonNullable<PreviewParts['lists']> },
    entries: readonly MirrorEntry[],
    signal: AbortSignal,
  ): Promise<Choice | undefined> {
    const dates = new CreationDates(source, datesIn(engine))
    try {
      return await chooseImages(entries, lists, {
        now: new Date(),
        signal,
        findDate: (image) => dates.find(image, signal),
        onVerdict: (verdict, entry, repository) => this.#add(verdict, entry, repository),
      })
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  #add(verdict: Verdict, entry: string, repository: Locator): void {
    this.#tallying.add(verdict)
    if (this.tags.length >= atMost.tags) {
      this.isCut = true
      return
    }
    const { tag, fellAt, created, unknownDate: hasUnknownDate } = verdict
    const isDated = created !== undefined && !Number.isNaN(created.getTime())
    this.tags.push({
      entry,
      repository: formatLocator(repository),
      tag: sanitize(tag, 200),
      fellAt,
      ...(isDated ? { created } : {}),
      hasUnknownDate,
    })
  }
}

/** One image for one destination. */
interface PreviewJob {
  readonly request: ImageRequest
  readonly destination: ImageRequest['destinations'][number]
}

function jobsOf(request: ImageRequest): PreviewJob[] {
  return request.destinations.map((destination) => ({ request, destination }))
}

function originOf({ request, destination }: PreviewJob): PreviewedImage {
  return {
    entry: request.entry,
    reference: formatReference(request.source),
    ...(destination === 'store' ? {} : { to: formatReference(destination) }),
  }
}

/** What is not found out in time has no state. */
async function previewOf(
  jobs: readonly PreviewJob[],
  entries: readonly MirrorEntry[],
  parts: PreviewParts,
  signal: AbortSignal,
): Promise<PreviewedImage[]> {
  const { source, policy, hosts = createHostLimiter() } = parts
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const found = jobs.map(originOf)
  const tasks = jobs.map((job) => taskOf(job, byName.get(job.request.entry), parts))
  const dependencies = { source, target: parts.target, hosts }
  for await (const outcome of previewImages(tasks, dependencies, { platforms: 'all', policy, signal })) {
    const image = found[outcome.index]
    const { state, desc, previous, error } = outcome
    if (image === undefined || (isCanceled(error) && signal.aborted) || hasCode(error, 'CANCELED')) continue
    found[outcome.index] = {
      ...image,
      state,
      digest: desc?.digest,
      previous,
      ...(error === undefined ? {} : { error: reportedError(error) }),
    }
  }
  return found
}

/** An image of an entry that is not there has no task of its own. */
function taskOf(
  { request, destination }: PreviewJob,
  entry: MirrorEntry | undefined,
  { source, target }: PreviewParts,
): ImageTask {
  const reference = request.source
  const immutable = request.isImmutable
  const goesTo =
    destination === 'store'
      ? {}
      : { target: () => target(destination, { host: destination.host, repository: '' }) }
  if (entry === undefined) return { reference, immutable, ...goesTo }
  const wanted = wantedBy(entry)
  const platforms = wanted.platforms === 'all' ? 'all' : wanted.platforms.map(parsePlatform)
  const own = { reference, immutable, ...goesTo, referrers: false, anyPlatform: true } as const
  if (!wanted.isStripped) return { ...own, platforms }
  return { ...own, source: strippedSource(source, platforms), platforms: 'all' }
}
