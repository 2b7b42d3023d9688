import { codeOf, DistError, sanitize } from '@dist/errdefs'
import { CreationDates, type DateMemory } from '@dist/mirror'
import { formatReference } from '@dist/reference'
import { type Checkpoint, type Choice, checkMirrorFile, chooseImages, type MirrorEntry } from '@dist/sync'
import * as z from 'zod'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import type { CoordinatorParts } from '../service.js'
import { prepareClosing } from './closing.js'
import { type Item, writeItem } from './items.js'

const document = z.object({ text: z.string(), language: z.enum(['yaml', 'json', 'toml']) })

/** The text of a submitted mirror file, as Redis keeps it. */
export type SourcesDocument = z.infer<typeof document>

/**
 * The entries of a submitted mirror file. It is data of a user: what reads files, variables or settings of registries is
 * refused, as `checkMirrorFile` does by default. Throws `INVALID_ARGUMENT` with the line of the first mistake.
 */
export async function entriesOf({ text, language }: SourcesDocument): Promise<readonly MirrorEntry[]> {
  const checked = await checkMirrorFile(text, { path: '/submitted', language })
  if ('file' in checked) return checked.file.entries
  const [first] = checked.mistakes
  const more = checked.mistakes.length > 1 ? ` (and ${checked.mistakes.length - 1} more mistakes)` : ''
  throw new DistError(
    'INVALID_ARGUMENT',
    `mirror file, line ${first?.line}: ${sanitize(first?.message ?? '', 500)}${more}`,
  )
}

/** The entries of a run of sources. `NOT_FOUND`: Redis has lost them. */
export async function readEntries(
  { redis, keys }: Pick<Engine, 'redis' | 'keys'>,
  run: string,
): Promise<readonly MirrorEntry[]> {
  const text = await redis.get(keys.sources(run))
  if (text === null) throw new DistError('NOT_FOUND', `run ${run}: its mirror file is not in Redis any more`)
  return await entriesOf(document.parse(JSON.parse(text)))
}

/** What lists registries. */
export type ListParts = Pick<CoordinatorParts, 'source' | 'lists' | 'pruning' | 'notifier'>

/** Lists and selects what the sources of a run take. What fails is an item, too: it fails its image, not the run. */
export async function* itemsOfSources(
  engine: Engine,
  run: string,
  parts: ListParts,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { source, lists } = parts
  if (lists === undefined)
    throw new DistError('NOT_IMPLEMENTED', `run ${run}: this coordinator does not list registries`)
  const entries = await readEntries(engine, run)
  const dates = new CreationDates(source, datesIn(engine))
  const choice = await chooseImages(entries, lists, {
    now: new Date(),
    signal,
    findDate: (image) => dates.find(image, signal),
    checkpoint: checkpointOf(engine, run),
  })
  await prepareClosing(engine, run, { entries, choice }, parts)
  for (const item of itemsOf(choice)) yield writeItem(item)
}

function* itemsOf({ requests, failures }: Choice): Generator<Item> {
  for (const { source, entry, destinations, isImmutable } of requests)
    for (const destination of destinations)
      yield {
        reference: formatReference(source),
        entry,
        ...(destination === 'store' ? {} : { to: formatReference(destination) }),
        ...(isImmutable ? { immutable: true } : {}),
      }
  for (const { entry, source, stage, error } of failures) {
    const { code, message } = reportedError(error instanceof DistError ? error : unexpected(error))
    const advice = stage === 'listing' ? '; submit the mirror file again to list it again' : ''
    yield { reference: source, entry, refused: { code, message: `${message}${advice}`, stage } }
  }
}

function unexpected(error: unknown): DistError {
  return new DistError(codeOf(error), sanitize(String((error as Error).message ?? error), 500), {
    cause: error,
  })
}

/** What a coordinator has listed of a run stays in Redis until the run is listed: another one goes on from there. */
function checkpointOf({ redis, keys }: Engine, run: string): Checkpoint {
  return {
    recall: async (key) => {
      const names = await redis.hget(keys.listed(run), key)
      return names === null ? undefined : z.array(z.string()).parse(JSON.parse(names))
    },
    keep: async (key, names) => {
      await redis.hset(keys.listed(run), key, JSON.stringify(names))
    },
  }
}

/** Dates that are kept. */
const datesAtMost = 1_000_000

/** The dates that coordinators have read from configs. */
export function datesIn({ redis, keys }: Pick<Engine, 'redis' | 'keys'>): DateMemory {
  return {
    isEmpty: async () => (await redis.hlen(keys.dates)) === 0,
    recall: async (digest) => {
      const time = await redis.hget(keys.dates, digest)
      if (time === null) return undefined
      return time === '' ? null : new Date(Number(time))
    },
    remember: async (digest, date) => {
      if ((await redis.hlen(keys.dates)) < datesAtMost)
        await redis.hset(keys.dates, digest, date === null ? '' : date.getTime())
    },
  }
}

/** Runs whose entries are kept. */
const keptRuns = 100

/** The entries of runs by name. They are read once for the images of a run. */
export class RunEntries {
  readonly #runs = new Map<string, Promise<ReadonlyMap<string, MirrorEntry>>>()

  constructor(private readonly engine: Pick<Engine, 'redis' | 'keys'>) {}

  /** Throws as `readEntries`, and `NOT_FOUND` for no such entry. */
  async entry(run: string, name: string): Promise<MirrorEntry> {
    const found = (await this.#entries(run)).get(name)
    if (found !== undefined) return found
    throw new DistError('NOT_FOUND', `run ${run}: its mirror file has no mirror ${sanitize(name, 100)}`)
  }

  #entries(run: string): Promise<ReadonlyMap<string, MirrorEntry>> {
    const known = this.#runs.get(run)
    if (known !== undefined) return known
    const read = readEntries(this.engine, run).then(
      (entries) => new Map(entries.map((entry) => [entry.name, entry])),
    )
    this.#runs.set(run, read)
    read.catch(() => this.#runs.delete(run))
    const [oldest] = this.#runs.keys()
    if (this.#runs.size > keptRuns && oldest !== undefined) this.#runs.delete(oldest)
    return read
  }
}
