import { DistError, isRetryable } from '@dist/errdefs'
import { algorithmOf, type Descriptor, digestOf } from '@dist/oci'
import type { PutOptions } from '@dist/remotes'
import type { Response } from '../http/exchange.js'
import { announcedDigest } from '../http/headers.js'
import { isAnswer } from '../request/answer.js'
import { findManifest } from './existing.js'
import type { PushTarget } from './target.js'

/** Puts a manifest under a tag or its digest, and verifies the digest that the registry answers (R11). */
export async function putDocument(
  target: PushTarget,
  desc: Descriptor,
  content: Uint8Array,
  { tag, signal }: PutOptions,
): Promise<Response['headers']> {
  const object = tag ?? desc.digest
  const operation = target.operation(`manifest ${object}`, signal)
  const { what, repository } = operation
  let response: Response
  try {
    response = await operation.send({
      method: 'PUT',
      path: `/${repository}/manifests/${object}`,
      headers: { 'content-type': desc.mediaType },
      body: content,
      accept: [201, 202, 204],
    })
  } catch (error) {
    if (await existsAnyway(target, desc, object, error, signal)) return {}
    throw error
  }
  await response.body.discard()
  if (tag !== undefined) target.recordTag(tag)
  const announced = announcedDigest(response)
  if (announced === undefined || digestOf(content, algorithmOf(announced)) === announced)
    return response.headers
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: does not verify (${response.url.host}): expected ${desc.digest}, stored as ${announced}`,
  )
}

/**
 * Whether a refused manifest exists nevertheless: registries with immutable tags refuse to set a tag again, also to the
 * same manifest.
 */
async function existsAnyway(
  target: PushTarget,
  { digest }: Descriptor,
  object: string,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!isAnswer(error) || isRetryable(error) || error.lacks !== undefined) return false
  return (await findManifest(target, object, signal))?.digest === digest
}
