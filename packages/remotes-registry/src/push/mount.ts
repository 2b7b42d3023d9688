import { hasCode } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { withRetries } from '../retry.js'
import { takeOpened } from './draft.js'
import { keyOf, nameAt, type PushPlace } from './place.js'
import { cancelUpload, mountOrOpen } from './upload.js'

/** `Pusher.mount`. */
export async function mountBlob(
  place: PushPlace,
  { digest }: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const job = { place, what: nameAt(place, `blob ${digest}`), signal }
  const { memory, transport } = place
  try {
    const upload = await withRetries(transport.retry, signal, () => mountOrOpen(job, digest, from))
    const former = takeOpened({ place, digest })
    if (upload !== undefined) memory.opened.set(keyOf(place, digest), { place, upload })
    if (former !== undefined) await cancelUpload(job, former)
    if (upload === undefined) memory.missing.delete(keyOf(place, digest))
    return upload === undefined
  } catch (error) {
    // Whether it may be pushed there at all is what the write finds out.
    if (!hasCode(error, ...refusals)) throw error
    return false
  }
}

const refusals = [
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'NOT_IMPLEMENTED',
  'MALFORMED',
] as const
