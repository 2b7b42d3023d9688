import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { tried } from '../probe.js'
import { takeOpened } from './draft.js'
import { keyOf, nameAt, type PushPlace } from './place.js'
import { cancelUpload, mountOrOpen } from './upload.js'

/** `Pusher.mount`. Whatever a registry answers that does not mount: whether it takes the blob is what the write finds out. */
export async function mountBlob(
  place: PushPlace,
  { digest }: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const job = { place, what: nameAt(place, `blob ${digest}`), signal }
  const { memory } = place
  const upload = await tried(place.transport, (transport) =>
    mountOrOpen({ ...job, place: { ...place, transport } }, digest, from),
  )
  if (upload instanceof DistError) return false
  const former = takeOpened({ place, digest })
  if (upload !== undefined) memory.opened.set(keyOf(place, digest), { place, upload })
  if (former !== undefined) await cancelUpload(job, former)
  if (upload === undefined) memory.missing.delete(keyOf(place, digest))
  return upload === undefined
}
