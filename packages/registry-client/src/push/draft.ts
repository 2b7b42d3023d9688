import type { Draft, Info } from '@dist/content'
import type { Digest } from '@dist/oci'
import type { Operation } from '../request/operation.js'
import type { PushTarget } from './target.js'
import { Upload } from './upload.js'

/** A blob that is uploaded. */
export interface DraftOptions {
  readonly target: PushTarget
  readonly operation: Operation
  readonly ref: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/** Common parts of the three ways to upload. No upload is continued by another process. */
export abstract class UploadDraft implements Draft, DraftOptions {
  readonly startedAt = new Date()
  readonly offset = 0
  readonly ref: string
  readonly target: PushTarget
  readonly operation: Operation
  readonly digest: Digest
  readonly size: number

  constructor({ target, operation, ref, digest, size }: DraftOptions) {
    this.target = target
    this.operation = operation
    this.ref = ref
    this.digest = digest
    this.size = size
  }

  async *replay(): AsyncGenerator<Uint8Array, void> {}

  /** Takes what the policy of the registry allows per second. */
  async append(chunk: Uint8Array): Promise<void> {
    const { transport, host } = this.operation
    const wait = transport.limiter.takeBytes(host, chunk.byteLength)
    if (wait !== undefined) await wait
    await this.add(chunk)
  }

  protected abstract add(chunk: Uint8Array): Promise<void>
  abstract truncate(): Promise<void>
  /** Sends the rest, and resolves when the registry has the blob. */
  protected abstract complete(digest: Digest): Promise<void>
  abstract close(): Promise<void>

  async commit(digest: Digest, size: number): Promise<Info> {
    await this.complete(digest)
    this.target.memory.missing.delete(this.target.key(digest))
    return { digest, size, committedAt: new Date() }
  }
}

/** The upload that a mount has opened, or a new one. */
export async function openUpload({
  target,
  operation,
  digest,
}: Pick<DraftOptions, 'target' | 'operation' | 'digest'>): Promise<Upload> {
  return target.takeUpload(digest)?.within(operation) ?? Upload.open(operation)
}
