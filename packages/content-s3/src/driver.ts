import {
  type Draft,
  type Driver,
  type Expected,
  type Info,
  type ReadOptions,
  type Recalled,
  type Status,
  type Swept,
  statusOf,
  type WriteOptions,
} from '@dist/content'
import { DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Descriptor, type Digest } from '@dist/oci'
import type { Bucket } from './bucket/bucket.js'
import { s3Name } from './bucket/errors.js'
import { listObjects } from './bucket/list.js'
import { moveObject } from './bucket/move.js'
import { deleteObject, headObject } from './bucket/objects.js'
import { readRange } from './bucket/read.js'
import { removeObjects } from './bucket/remove.js'
import { RecentObjects } from './recent/objects.js'
import { UniformPlan } from './recent/plans.js'
import { type DraftSettings, S3Draft } from './upload/draft.js'
import { abortUpload, listUploads, type OpenUpload } from './upload/open-uploads.js'
import { progressOf } from './upload/progress.js'
import { refOf, sweepUploads } from './upload/sweep.js'

/** Content in a bucket, one object for each blob. Refs are exclusive within this process only. */
export class S3Driver implements Driver {
  readonly #drafts = new Map<string, S3Draft>()
  /** By algorithm. */
  readonly #recent = new Map<string, RecentObjects>()

  constructor(
    private readonly bucket: Bucket,
    private readonly settings: Omit<DraftSettings, 'signal' | 'onStored'>,
    /** Milliseconds for which answers are remembered. */
    private readonly remembered: number,
  ) {}

  async stat(digest: Digest): Promise<Info | undefined> {
    const key = this.bucket.blob(digest)
    const head = await this.#recentOf(digest).ask(key, () => headObject(this.bucket, key))
    return head && { digest, size: head.size, committedAt: head.modifiedAt }
  }

  async recall(digest: Digest): Promise<Recalled | undefined> {
    const answer = await this.#recentOf(digest).look(this.bucket.blob(digest))
    return answer && { size: answer.object?.size }
  }

  noteStored({ digest, size }: Pick<Descriptor, 'digest' | 'size'>, at: number): void {
    this.#recentOf(digest).note(this.bucket.blob(digest), { size, etag: undefined }, at)
  }

  async read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    try {
      return await readRange(this.bucket, this.bucket.blob(digest), options)
    } catch (error) {
      if (!isNotFound(error) || s3Name(error) === 'NoSuchBucket') throw error
      throw new DistError('NOT_FOUND', `${digest} is not in the store`, { cause: error })
    }
  }

  async *walk(): AsyncIterable<Info> {
    for await (const { key, size, modifiedAt } of listObjects(this.bucket, 'blobs/')) {
      const digest = this.bucket.digestAt(key)
      if (digest !== undefined) yield { digest, size, committedAt: modifiedAt }
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    const key = this.bucket.blob(digest)
    const existed = await deleteObject(this.bucket, key)
    this.#recentOf(digest).note(key, undefined)
    return existed
  }

  /** Moves content to `quarantine/`; resolves to its URL. */
  async setAside(digest: Digest): Promise<string> {
    const from = this.bucket.blob(digest)
    const to = this.bucket.key(`quarantine/${digest.replace(':', '-')}.${Date.now()}`)
    await moveObject(this.bucket, from, to)
    this.#recentOf(digest).note(from, undefined)
    return this.bucket.url(to)
  }

  async remove(digests: readonly Digest[]): Promise<void> {
    const keys = digests.map((digest) => this.bucket.blob(digest))
    try {
      await removeObjects(this.bucket, keys)
    } finally {
      for (const digest of digests) this.#recentOf(digest).note(this.bucket.blob(digest), undefined)
    }
  }

  async draft(ref: string, expected: Expected, { signal }: WriteOptions): Promise<Draft> {
    throwIfAborted(signal)
    const held = this.#drafts.get(ref)
    if (held !== undefined)
      throw new DistError('UNAVAILABLE', `${ref} is being written since ${held.startedAt.toISOString()}`, {
        held: true,
      })
    const release = () => {
      if (this.#drafts.get(ref) === draft) this.#drafts.delete(ref)
    }
    const onStored = ({ digest, size }: Info) =>
      this.#recentOf(digest).note(this.bucket.blob(digest), { size, etag: undefined })
    const settings = { ...this.settings, signal, onStored }
    const draft: S3Draft = new S3Draft(this.bucket, ref, expected, settings, release)
    this.#drafts.set(ref, draft)
    return draft
  }

  async *statuses(): AsyncIterable<Status> {
    yield* [...this.#drafts.values()].map((draft) => draft.status)
    for await (const upload of listUploads(this.bucket)) {
      const status = this.#isLive(upload) ? undefined : await this.#statusOf(upload)
      if (status !== undefined) yield status
    }
  }

  async discard(ref: string): Promise<void> {
    if (this.#drafts.has(ref)) throw new DistError('UNAVAILABLE', `${ref} is being written`)
    for await (const upload of listUploads(this.bucket)) {
      if (refOf(upload) !== ref) continue
      if (this.#isLive(upload)) throw new DistError('UNAVAILABLE', `${ref} is being written`)
      if (await abortUpload(this.bucket, upload)) return
    }
    throw new DistError('NOT_FOUND', `write ${ref}: no such write in the store`)
  }

  /** Aborts uploads without new parts for `olderThan` milliseconds, except those of this process. */
  sweep(olderThan: number, onRemark?: (remark: string) => void): Promise<Swept[]> {
    return sweepUploads(this.bucket, olderThan, (upload) => this.#isLive(upload), onRemark)
  }

  /** The status of an upload of another process, live or dead: the server does not know which. */
  async #statusOf(upload: OpenUpload): Promise<Status | undefined> {
    const progress = await progressOf(this.bucket, upload)
    if (progress === undefined) return undefined
    const digest = this.bucket.digestAt(upload.key)
    const expected = { digest }
    const { size, updatedAt } = progress
    return statusOf({ ref: refOf(upload), offset: size, expected, startedAt: upload.startedAt, updatedAt })
  }

  #recentOf(digest: Digest): RecentObjects {
    const algorithm = algorithmOf(digest)
    let recent = this.#recent.get(algorithm)
    if (recent === undefined) {
      const plan = new UniformPlan(this.remembered)
      recent = new RecentObjects(this.bucket, `blobs/${algorithm}/`, plan, this.remembered)
      this.#recent.set(algorithm, recent)
    }
    return recent
  }

  #isLive(upload: OpenUpload): boolean {
    return [...this.#drafts.values()].some((draft) => draft.owns(upload))
  }
}
