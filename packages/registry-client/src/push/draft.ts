import type { Draft, Info } from '@dist/content'
import type { Digest } from '@dist/oci'
import { keyOf } from './place.js'
import { cancelUpload, openUpload, type Upload, type UploadJob } from './upload.js'

/** A blob that is to be uploaded: what is known of it, and where to. */
export interface DraftJob extends UploadJob {
  readonly ref: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/** What the ways to upload have in common: no upload goes on in another process, and one is opened when it is needed. */
export abstract class UploadDraft implements Draft {
  readonly startedAt = new Date()
  readonly offset = 0

  constructor(protected readonly job: DraftJob) {}

  get ref(): string {
    return this.job.ref
  }

  async *replay(): AsyncGenerator<Uint8Array, void> {}

  abstract append(chunk: Uint8Array): Promise<void>
  abstract truncate(): Promise<void>
  /** Sends what is left; resolves when the registry has the blob. */
  protected abstract complete(digest: Digest): Promise<void>
  abstract close(): Promise<void>

  async commit(digest: Digest, size: number): Promise<Info> {
    await this.complete(digest)
    const { place } = this.job
    place.memory.missing.delete(keyOf(place, digest))
    return { digest, size, committedAt: new Date() }
  }

  /** The upload that a mount has opened, or a new one. */
  protected async upload(): Promise<Upload> {
    return takeOpened(this.job) ?? openUpload(this.job)
  }

  protected async cancel(upload: Upload | undefined): Promise<void> {
    if (upload !== undefined) await cancelUpload(this.job, upload)
  }
}

/** The upload that a refused mount of the blob has left open. Whoever takes it uses or cancels it. */
export function takeOpened({ place, digest }: Pick<DraftJob, 'place' | 'digest'>): Upload | undefined {
  const key = keyOf(place, digest)
  const opened = place.memory.opened.get(key)
  place.memory.opened.delete(key)
  return opened?.upload
}
