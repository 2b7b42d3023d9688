import type { Draft, Driver, Expected, Info, WriteOptions } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { BufferedDraft } from './buffered.js'
import { ChunkedDraft } from './chunked.js'
import { maxChunk } from './chunks.js'
import { type DraftOptions, openUpload } from './draft.js'
import { findBlob } from './existing.js'
import { StreamedDraft } from './streamed.js'
import type { PushTarget } from './target.js'

/** Bytes. Blobs up to this size are buffered and verified before the first byte is sent. */
const maxBuffered = 4 * 1024 * 1024

/** The blobs of a repository as the driver of a verifying writer. */
export function blobDriver(target: PushTarget): Pick<Driver, 'stat' | 'draft'> {
  return {
    stat: (digest) => stat(target, digest),
    draft: (ref, expected, options) => openDraft(target, ref, expected, options),
  }
}

async function stat(target: PushTarget, digest: Digest): Promise<Info | undefined> {
  if (target.memory.missing.delete(target.key(digest))) return undefined
  const size = (await findBlob(target.operation(`blob ${digest}`, undefined), digest))?.size
  if (size === undefined) return undefined
  await target.takeUpload(digest)?.cancel()
  return { digest, size, committedAt: new Date() }
}

async function openDraft(
  target: PushTarget,
  ref: string,
  { digest, size }: Expected,
  { signal }: WriteOptions,
): Promise<Draft> {
  if (digest === undefined || size === undefined) {
    const { what } = target.operation(ref, signal)
    throw new DistError('INVALID_ARGUMENT', `${what}: a push needs digest and size beforehand`)
  }
  const operation = target.operation(`blob ${digest}`, signal)
  const options = { target, operation, ref, digest, size }
  const { chunkSize } = target
  if (chunkSize !== undefined && size > chunkSize) return openChunked(options, chunkSize)
  return size <= maxBuffered ? new BufferedDraft(options) : StreamedDraft.open(options)
}

/** Chunks of the wanted size, or of the registry's minimum. Above the limit the blob is streamed instead. */
async function openChunked(options: DraftOptions, wanted: number): Promise<Draft> {
  const upload = await options.operation.retrying(() => openUpload(options))
  const chunkSize = Math.max(wanted, upload.minChunk)
  if (chunkSize <= maxChunk) return new ChunkedDraft(options, upload, chunkSize)
  options.target.keepUpload(options.digest, upload)
  return StreamedDraft.open(options)
}
