import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { settleAnswer } from '../request/answer.js'
import type { PushTarget } from './target.js'
import { Upload } from './upload.js'

/** `Pusher.mount`. Every answer that is not a mount resolves to false: the write that follows reports its own errors. */
export async function mountBlob(
  target: PushTarget,
  { digest }: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const operation = target.operation(`blob ${digest}`, signal)
  const upload = await settleAnswer(() => Upload.mount(operation, digest, target.nameOf(from)))
  if (upload instanceof DistError) return false
  const former = target.takeUpload(digest)
  if (upload !== undefined) target.keepUpload(digest, upload)
  await former?.cancel()
  if (upload === undefined) target.memory.missing.delete(target.key(digest))
  return upload === undefined
}
