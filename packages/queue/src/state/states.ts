import type { Digest } from '@dist/oci'
import type { ReportedError } from '@dist/runs'
import type { Redis } from 'ioredis'
import { blobKey } from '../jobs/ids.js'
import type { Keys } from '../redis/keys.js'
import { RecordedBlobs, storedFor } from './blobs.js'
import { type Causes, unknownCauses } from './causes.js'
import { chunkSize, type RunHead, readHead } from './head.js'
import { jsonLists } from './json-lists.js'
import type { PrunedRecord } from './pruned.js'
import { type ImageRecord, readRecord } from './record.js'
import * as scripts from './scripts/index.js'
import { formatVerified, readVerified, type VerifyOutcome } from './verified.js'

/** One attempt at one image. */
export interface ImageAttempt {
  readonly run: string
  readonly index: number
  readonly attempt: number
}

interface SettledBlob {
  /** Where a transfer started: the bytes that were stored before. Default: 0. */
  readonly start?: number | undefined
  /** How far it is, in bytes, for a blob that is `moving`, `arrived` or `fetched`. Default: 0. */
  readonly offset?: number | undefined
  /** Milliseconds for which `hasStored` knows that the blob is stored. Default: 0. */
  readonly kept?: number | undefined
}

type BlobState = 'moving' | 'arrived' | 'fetched' | 'present' | 'failed'

/** The state of runs and images in Redis. Every change may be made twice and counts once. */
export class RunStates {
  constructor(
    readonly redis: Redis,
    readonly keys: Keys,
  ) {}

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

  /**
   * Writes the record of an attempt, and ends the run with its last image; resolves to the image's state that holds. `causes`:
   * of an image that has failed.
   */
  settleImage(
    image: ImageAttempt,
    record: Omit<ImageRecord, 'attempt'>,
    causes: Causes = unknownCauses,
  ): Promise<scripts.Settled> {
    const { run, index, attempt } = image
    return scripts.settleImage(
      this.redis,
      { ...this.#blobKeys(image), ...this.#endKeys(run), ...this.#failedKeys(run) },
      {
        id: run,
        index,
        attempt,
        state: record.state,
        record: JSON.stringify({ attempt, ...record }),
        now: Date.now(),
        ...causes,
      },
    )
  }

  /**
   * Records the blobs of an image's plan, and the payload with which its job goes on. False, without a change, when the
   * attempt counts no more.
   */
  planBlobs(
    image: ImageAttempt,
    blobs: readonly { digest: Digest; size: number }[],
    job: { readonly key: string; readonly data: unknown },
  ): Promise<boolean> {
    const { index, attempt } = image
    const planned = blobs.flatMap(({ digest, size }) => [blobKey(digest), size])
    const keys = { ...this.#blobKeys(image), job: job.key }
    const args = { index, attempt, data: JSON.stringify(job.data) }
    return scripts.planBlobs(this.redis, keys, args, { args: planned })
  }

  async settleBlob(
    image: ImageAttempt,
    { digest, size }: { digest: Digest; size: number },
    state: BlobState,
    { start = 0, offset = 0, kept = 0 }: SettledBlob = {},
  ): Promise<void> {
    const { index, attempt } = image
    const blob = blobKey(digest)
    const keys = { ...this.#blobKeys(image), stored: this.keys.stored(blob) }
    await scripts.settleBlob(this.redis, keys, { index, attempt, blob, state, size, start, offset, kept })
  }

  /** Whether a worker has lately stored the blob, for whatever run. */
  async hasStored(digest: Digest): Promise<boolean> {
    return (await this.redis.exists(this.keys.stored(blobKey(digest)))) === 1
  }

  /** Milliseconds since a worker has stored each blob. Infinite where no mark of that is left. */
  async storedAges(blobs: readonly { digest: Digest }[]): Promise<number[]> {
    const left = blobs.map(({ digest }) => this.redis.pttl(this.keys.stored(blobKey(digest))))
    return (await Promise.all(left)).map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : storedFor - ms))
  }

  /** The outcomes of verified blobs that an attempt may rely on; undefined for blobs that are still to be read. */
  async verified(
    { run, attempt }: ImageAttempt,
    blobs: readonly { digest: Digest }[],
  ): Promise<(VerifyOutcome | undefined)[]> {
    if (blobs.length === 0) return []
    const fields = blobs.map(({ digest }) => blobKey(digest))
    const texts = await this.redis.hmget(this.keys.verified(run), ...fields)
    return texts.map((text) => readVerified(text, attempt))
  }

  async recordVerified(
    { run, attempt }: ImageAttempt,
    digest: Digest,
    outcome: VerifyOutcome,
  ): Promise<void> {
    const keys = { run: this.keys.run(run), verified: this.keys.verified(run) }
    const args = { blob: blobKey(digest), attempt, outcome: formatVerified(outcome, attempt) }
    await scripts.recordVerified(this.redis, keys, args)
  }

  /** A repository of the run's destination that got the blob, to mount it from. */
  async mountFrom(run: string, digest: Digest): Promise<string | undefined> {
    return (await this.redis.hget(this.keys.mounts(run), blobKey(digest))) ?? undefined
  }

  async recordMount(run: string, digest: Digest, repository: string): Promise<void> {
    const keys = { run: this.keys.run(run), mounts: this.keys.mounts(run) }
    await scripts.recordMount(this.redis, keys, { blob: blobKey(digest), repository })
  }

  /** Whether `lister` is to list the names of the run; an earlier lister is not, from then on. */
  async beginListing(run: string, lister: string): Promise<boolean> {
    return (await scripts.beginListing(this.redis, { run: this.keys.run(run) }, { lister })) === lister
  }

  /** False when another lister has begun. */
  listNames(run: string, lister: string, chunk: number, names: readonly string[]): Promise<boolean> {
    const keys = { run: this.keys.run(run), references: this.keys.references(run) }
    return scripts.listNames(this.redis, keys, { lister, chunk, names: JSON.stringify(names) })
  }

  async endListing(run: string, lister: string, total: number, chunks: number): Promise<void> {
    const keys = { run: this.keys.run(run), closing: this.keys.closing(run) }
    await scripts.endListing(this.redis, keys, { lister, total, chunks })
  }

  async failRun(run: string, error: ReportedError): Promise<void> {
    const args = { id: run, now: Date.now(), error: JSON.stringify(error) }
    await scripts.failRun(this.redis, this.#endKeys(run), args)
  }

  /** What the image's own jobs have recorded of its blobs. */
  async blobs({ run, index }: ImageAttempt): Promise<RecordedBlobs> {
    return new RecordedBlobs(await this.redis.hgetall(this.keys.blobs(run, index)))
  }

  /** Opens the waiting images of a chunk; resolves to their attempts. */
  openChunk(run: string, chunk: number, total: number): Promise<{ index: number; attempt: number }[]> {
    const first = chunk * chunkSize
    const { keys } = this
    return scripts.openImages(
      this.redis,
      { run: keys.run(run), images: keys.images(run), open: keys.open(run) },
      { first, stop: Math.min(first + chunkSize, total) },
    )
  }

  /** Records that a chunk is expanded; resolves to the next chunk. */
  advance(run: string, chunk: number): Promise<number> {
    return scripts.advanceChunk(this.redis, { run: this.keys.run(run) }, { chunk, next: chunk + 1 })
  }

  /** Adds what a run has pruned. */
  async recordPruned(run: string, records: readonly PrunedRecord[]): Promise<void> {
    if (records.length === 0) return
    const keys = { run: this.keys.run(run), pruned: this.keys.pruned(run) }
    const failed = records.filter(({ error }) => error !== undefined).length
    const counts = { names: records.length - failed, failed }
    await scripts.recordPruned(this.redis, keys, counts, { args: jsonLists(records) })
  }

  /** Records that the run has done what was left after its images. `remarks`: sentences for the user. */
  async endClosing(run: string, remarks: readonly string[]): Promise<void> {
    const keys = { run: this.keys.run(run), closing: this.keys.closing(run) }
    await scripts.endClosing(this.redis, keys, { remarks: JSON.stringify(remarks) })
  }

  /** Ends a run that has nothing left to do, and records the store where none was known. */
  endRun(run: string, store: string): Promise<RunHead['state'] | 'gone' | 'closing'> {
    const keys = {
      ...this.#endKeys(run),
      open: this.keys.open(run),
      digests: this.keys.digests(run),
    }
    return scripts.endRun(this.redis, keys, { id: run, now: Date.now(), store })
  }

  /**
   * Has failed and canceled images wait, as their next attempts. `count`: how many wait; `left`: the attempts that may
   * have left a job. A canceled run stays canceled until `resumeRun`.
   */
  retryImages(run: string, indexes: readonly number[]) {
    const keys = {
      ...this.#watchedKeys(run),
      ...this.#failedKeys(run),
      images: this.keys.images(run),
    }
    return scripts.retryImages(this.redis, keys, { id: run, now: Date.now() }, { args: indexes })
  }

  /** Has a canceled run go on. */
  async resumeRun(run: string): Promise<void> {
    await scripts.resumeRun(this.redis, this.#watchedKeys(run), { id: run, now: Date.now() })
  }

  cancel(run: string): Promise<RunHead['state'] | 'gone'> {
    return scripts.cancelRun(this.redis, this.#endKeys(run), { id: run, now: Date.now() })
  }

  nextRound(run: string, round: number): Promise<number> {
    return scripts.nextRound(this.redis, { run: this.keys.run(run) }, { round })
  }

  #watchedKeys(run: string) {
    return { run: this.keys.run(run), watched: this.keys.watched }
  }

  #failedKeys(run: string) {
    const { keys } = this
    return { open: keys.open(run), failed: keys.failed(run), causes: keys.causes(run) }
  }

  #endKeys(run: string) {
    return { ...this.#watchedKeys(run), ending: this.keys.ending(run) }
  }

  #blobKeys({ run, index }: ImageAttempt) {
    const { keys } = this
    return {
      run: keys.run(run),
      images: keys.images(run),
      blobs: keys.blobs(run, index),
      digests: keys.digests(run),
    }
  }
}
