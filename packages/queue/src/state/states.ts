import type { Digest } from '@dist/oci'
import type { Amount, ReportedError } from '@dist/runs'
import type { Redis } from 'ioredis'
import { blobKey } from '../jobs/ids.js'
import type { Keys } from '../redis/keys.js'
import { defineScript, type Script } from '../redis/script.js'
import { chunkSize, type RunHead, readHead } from './head.js'
import { type ImageRecord, readRecord } from './record.js'
import * as scripts from './scripts.js'
import { formatVerdict, type RunVerdict, readVerdict } from './verdicts.js'

/** One try of one image. */
export interface ImagePlace {
  readonly run: string
  readonly index: number
  readonly attempt: number
}

/** `stale`: a later attempt has taken over, or the image has ended; `gone`: Redis does not know the run. */
export type Settled = ImageRecord['state'] | 'stale' | 'gone'

/** Bytes that were there when a transfer began, and that are there now. */
export interface Moved {
  readonly start: number
  readonly offset: number
}

export type BlobState = 'moving' | 'fetched' | 'present' | 'failed'

/** What Redis keeps of runs and images. Every change may be made twice and counts once. */
export class RunStates {
  readonly #run: (name: keyof typeof scripts) => Script

  constructor(
    readonly redis: Redis,
    readonly keys: Keys,
  ) {
    const defined = new Map<string, Script>()
    for (const [name, lua] of Object.entries(scripts))
      defined.set(name, defineScript(redis, `dist${name[0]?.toUpperCase()}${name.slice(1)}`, lua))
    this.#run = (name) => defined.get(name) as Script
  }

  async head(run: string): Promise<RunHead | undefined> {
    return readHead(await this.redis.hgetall(this.keys.run(run)), run)
  }

  /** The references of a chunk; undefined when Redis has lost them. */
  async chunk(run: string, chunk: number): Promise<string[] | undefined> {
    const text = await this.redis.hget(this.keys.references(run), String(chunk))
    return text === null ? undefined : JSON.parse(text)
  }

  async records(run: string, indexes: readonly number[]): Promise<ImageRecord[]> {
    if (indexes.length === 0) return []
    const texts = await this.redis.hmget(this.keys.images(run), ...indexes.map(String))
    return texts.map(readRecord)
  }

  async settleImage(place: ImagePlace, record: Omit<ImageRecord, 'attempt'>): Promise<Settled> {
    const { run, index, attempt } = place
    const { keys: names } = this
    const keys = [names.run(run), names.images(run), names.open(run), names.blobs(run, index)]
    keys.push(names.digests(run))
    const text = JSON.stringify({ attempt, ...record })
    return (await this.#run('settleImage')(keys, [index, attempt, record.state, text])) as Settled
  }

  async planBlobs(place: ImagePlace, blobs: readonly { digest: Digest; size: number }[]): Promise<void> {
    const entries = blobs.flatMap(({ digest, size }) => [blobKey(digest), size])
    await this.#run('planBlobs')(this.#blobKeys(place), [place.index, place.attempt, ...entries])
  }

  /** `moved`: how far a blob is that is `moving` or `fetched`. */
  async settleBlob(
    place: ImagePlace,
    desc: { digest: Digest; size: number },
    state: BlobState,
    moved: Moved = { start: 0, offset: 0 },
  ): Promise<void> {
    const { start, offset } = moved
    const args = [place.index, place.attempt, blobKey(desc.digest), state, desc.size, start, offset]
    await this.#run('settleBlob')(this.#blobKeys(place), args)
  }

  /** What the run has found of stored content that an attempt may rely on; undefined for what is still to be read. */
  async verdicts(
    { run, attempt }: ImagePlace,
    descs: readonly { digest: Digest }[],
  ): Promise<(RunVerdict | undefined)[]> {
    if (descs.length === 0) return []
    const texts = await this.redis.hmget(
      this.keys.verdicts(run),
      ...descs.map(({ digest }) => blobKey(digest)),
    )
    return texts.map((text) => readVerdict(text, attempt))
  }

  async recordVerdict({ run, attempt }: ImagePlace, digest: Digest, verdict: RunVerdict): Promise<void> {
    const keys = [this.keys.run(run), this.keys.verdicts(run)]
    await this.#run('recordVerdict')(keys, [blobKey(digest), attempt, formatVerdict(verdict, attempt)])
  }

  /** A repository of the run's destination that got the blob. */
  async placeOf(run: string, digest: Digest): Promise<string | undefined> {
    return (await this.redis.hget(this.keys.places(run), blobKey(digest))) ?? undefined
  }

  async recordPlace(run: string, digest: Digest, repository: string): Promise<void> {
    await this.#run('recordPlace')([this.keys.run(run), this.keys.places(run)], [blobKey(digest), repository])
  }

  /** Whether `lister` is to list the names of the run; whoever asked before is not, from then on. */
  async beginListing(run: string, lister: string): Promise<boolean> {
    return (await this.#run('beginListing')([this.keys.run(run)], [lister])) === lister
  }

  /** Whether the names were taken. */
  async listNames(run: string, lister: string, chunk: number, names: readonly string[]): Promise<boolean> {
    const keys = [this.keys.run(run), this.keys.references(run)]
    return (await this.#run('listNames')(keys, [lister, chunk, JSON.stringify(names)])) === 1
  }

  async endListing(run: string, lister: string, total: number, chunks: number): Promise<void> {
    await this.#run('endListing')([this.keys.run(run)], [lister, total, chunks])
  }

  async failListing(run: string, error: ReportedError): Promise<void> {
    const keys = [this.keys.run(run), this.keys.watched]
    await this.#run('failListing')(keys, [run, Date.now(), JSON.stringify(error)])
  }

  /** What the image's own jobs have fetched, by all their tries. */
  async fetchedBlobs({ run, index }: ImagePlace): Promise<Amount> {
    const entries = await this.redis.hvals(this.keys.blobs(run, index))
    const amounts = entries.map((entry) => {
      const [state, need, fetched] = entry.split(' ')
      // All of it had come when its worker died: it was committed, else it would not be there.
      const whole = state === 'fetched' || (state === 'moving' && need === fetched && need !== '0')
      return { objects: whole ? 1 : 0, bytes: Number(fetched) }
    })
    return amounts.reduce((a, b) => ({ objects: a.objects + b.objects, bytes: a.bytes + b.bytes }), {
      objects: 0,
      bytes: 0,
    })
  }

  /** The blobs that the image's own jobs have brought, or found to be there, by `blobKey`. */
  async settledBlobs({ run, index }: ImagePlace): Promise<ReadonlySet<string>> {
    const entries = Object.entries(await this.redis.hgetall(this.keys.blobs(run, index)))
    return new Set(entries.flatMap(([key, entry]) => (/^(fetched|present) /.test(entry) ? [key] : [])))
  }

  /** Opens those images of a chunk that wait; index and attempt of each. */
  async openChunk(run: string, chunk: number, total: number): Promise<{ index: number; attempt: number }[]> {
    const first = chunk * chunkSize
    const keys = [this.keys.run(run), this.keys.images(run), this.keys.open(run)]
    const flat = await this.#run('openImages')(keys, [first, Math.min(first + chunkSize, total)])
    return pairs(flat)
  }

  /** Notes that a chunk is expanded; the chunk to go on with. */
  async advance(run: string, chunk: number): Promise<number> {
    return Number(await this.#run('advance')([this.keys.run(run)], [chunk, chunk + 1]))
  }

  /** Ends a run that has nothing left to do, and notes the store where none was known. */
  async endRun(run: string, store: string): Promise<RunHead['state'] | 'gone'> {
    const keys = [this.keys.run(run), this.keys.open(run), this.keys.watched, this.keys.digests(run)]
    return (await this.#run('endRun')(keys, [run, Date.now(), store])) as RunHead['state'] | 'gone'
  }

  /**
   * Has failed and canceled images wait, as their next attempts: how many wait, and which attempts may have left a job.
   * A canceled run stays canceled until `resumeRun`.
   */
  async retryImages(
    run: string,
    indexes: readonly number[],
  ): Promise<{ count: number; left: { index: number; attempt: number }[] }> {
    const keys = [this.keys.run(run), this.keys.images(run), this.keys.watched, this.keys.open(run)]
    const [count, ...left] = (await this.#run('retryImages')(keys, [
      run,
      Date.now(),
      ...indexes,
    ])) as unknown[]
    return { count: Number(count), left: pairs(left) }
  }

  /** Has a canceled run go on. */
  async resumeRun(run: string): Promise<void> {
    await this.#run('resumeRun')([this.keys.run(run), this.keys.watched], [run, Date.now()])
  }

  async cancel(run: string): Promise<RunHead['state'] | 'gone'> {
    const keys = [this.keys.run(run), this.keys.watched]
    return (await this.#run('cancelRun')(keys, [run, Date.now()])) as RunHead['state'] | 'gone'
  }

  async nextRound(run: string, round: number): Promise<number> {
    return Number(await this.#run('nextRound')([this.keys.run(run)], [round]))
  }

  #blobKeys({ run, index }: ImagePlace): string[] {
    const { keys } = this
    return [keys.run(run), keys.images(run), keys.blobs(run, index), keys.digests(run)]
  }
}

function pairs(flat: unknown): { index: number; attempt: number }[] {
  const numbers = (flat as unknown[]).map(Number)
  const found: { index: number; attempt: number }[] = []
  for (let i = 0; i < numbers.length; i += 2)
    found.push({ index: numbers[i] ?? 0, attempt: numbers[i + 1] ?? 1 })
  return found
}
