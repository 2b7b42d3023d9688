import type { Draft, Driver, Expected, Info, WriteOptions } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { withRetries } from '../retry.js'
import { BufferedDraft } from './buffered.js'
import { ChunkedDraft } from './chunked.js'
import { maxChunk } from './chunks.js'
import { type DraftJob, takeOpened } from './draft.js'
import { findBlob } from './existing.js'
import { keyOf, nameAt, type PushPlace } from './place.js'
import { StreamedDraft } from './streamed.js'
import { cancelUpload, openUpload, type Upload } from './upload.js'

/** Blobs up to this many bytes are gathered and verified before the first byte is sent. */
const maxBuffered = 4 * 1024 * 1024

/** The blobs of a repository as what a verifying writer writes into. */
export function blobDriver(place: PushPlace): Pick<Driver, 'stat' | 'draft'> {
  return {
    stat: (digest) => stat(place, digest),
    draft: (ref, expected, options) => openDraft(place, ref, expected, options),
  }
}

async function stat(place: PushPlace, digest: Digest): Promise<Info | undefined> {
  if (place.memory.missing.delete(keyOf(place, digest))) return undefined
  const what = nameAt(place, `blob ${digest}`)
  const size = (await findBlob(place, digest, undefined))?.size
  if (size === undefined) return undefined
  const opened = takeOpened({ place, digest })
  if (opened !== undefined) await cancelUpload({ place, what }, opened)
  return { digest, size, committedAt: new Date() }
}

async function openDraft(
  place: PushPlace,
  ref: string,
  { digest, size }: Expected,
  { signal }: WriteOptions,
): Promise<Draft> {
  if (digest === undefined || size === undefined)
    throw new DistError('INVALID_ARGUMENT', `${nameAt(place, ref)}: a push needs digest and size beforehand`)
  const job: DraftJob = { place, what: nameAt(place, `blob ${digest}`), ref, digest, size, signal }
  const { chunkSize } = place
  if (chunkSize !== undefined && size > chunkSize) return chunkedDraft(job, chunkSize)
  return size <= maxBuffered ? new BufferedDraft(job) : StreamedDraft.open(job)
}

async function chunkedDraft(job: DraftJob, wanted: number): Promise<Draft> {
  const { place, signal, digest } = job
  const upload: Upload =
    takeOpened(job) ?? (await withRetries(place.transport.retry, signal, () => openUpload(job)))
  const chunkSize = Math.max(wanted, upload.minChunk)
  if (chunkSize <= maxChunk) return new ChunkedDraft(job, upload, chunkSize)
  place.memory.opened.set(keyOf(place, digest), { place, upload })
  return StreamedDraft.open(job)
}
