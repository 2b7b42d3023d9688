import { DistError, isNotFound } from '@dist/errdefs'
import { type Digest, essence, mediaTypes } from '@dist/oci'
import { formatReference, objectOf, type Reference } from '@dist/reference'
import type { ObjectType, Resolved, ResolveOptions } from '@dist/remotes'
import type { Response } from './http/exchange.js'
import { parseSize } from './http/headers.js'
import { announcedManifest, readManifest } from './manifest.js'
import type { RepositoryContext } from './repository.js'
import { successOf } from './request/answer.js'
import { firstEndpoint } from './request/endpoints.js'
import type { Operation } from './request/operation.js'
import { tryLikelyPaths } from './request/paths.js'

/** `Resolver.resolve` at a registry. */
export function resolveReference(
  repository: RepositoryContext,
  ref: Reference,
  { intent = 'compare', signal }: ResolveOptions,
): Promise<Resolved> {
  const { digest } = ref
  const types: readonly ObjectType[] = digest === undefined ? ['manifest'] : ['manifest', 'blob']
  const resolves = digest === undefined ? 'tags' : 'digests'
  const call = { capability: 'resolve', resolves, what: formatReference(ref), signal } as const
  return firstEndpoint(repository, call, (operation) =>
    tryLikelyPaths(types, operation, async (type, operation) => {
      if (type === 'blob' && digest !== undefined) return resolveBlob(operation, ref, digest)
      const resolved = intent === 'compare' ? await headManifest(repository, operation, ref) : undefined
      return resolved ?? { name: ref, ...(await readManifest(operation, objectOf(ref), digest)) }
    }),
  )
}

/**
 * Resolves by HEAD. Undefined if the answer is incomplete: a GET decides. A 404 is `NOT_FOUND` if the endpoint has answered
 * the HEAD of a manifest with 200 before; other servers answer every HEAD with it (R12).
 */
async function headManifest(
  { memory }: RepositoryContext,
  operation: Operation,
  ref: Reference,
): Promise<Resolved | undefined> {
  const request = operation.objectRequest('manifest', objectOf(ref))
  const answer = await operation.probe({ ...request, method: 'HEAD' })
  const { url } = operation.endpoint
  if (isNotFound(answer) && memory.answersHead.has(url)) throw answer
  const response = successOf(answer)
  if (response === undefined) return undefined
  memory.answersHead.add(url)
  await response.body.discard()
  const desc = announcedManifest(response, ref.digest)
  return desc === undefined ? undefined : { name: ref, desc }
}

/** A digest may be that of a blob. Its bytes are verified when they are fetched. */
async function resolveBlob(operation: Operation, ref: Reference, digest: Digest): Promise<Resolved> {
  const response = await headOrGetBlob(operation, digest)
  await response.body.return()
  const size = parseSize(response.headers['content-length'])
  if (size === undefined)
    throw new DistError('MALFORMED', `${operation.what}: answer without a size (${response.url.host})`)
  const mediaType = essence(response.headers['content-type'] ?? '') || mediaTypes.octetStream
  return { name: ref, desc: { mediaType, digest, size } }
}

async function headOrGetBlob(operation: Operation, digest: Digest): Promise<Response> {
  const request = operation.objectRequest('blob', digest)
  const response = await operation.head(request)
  // Some servers answer every HEAD with a length of 0.
  const length = response?.headers['content-length']
  if (response !== undefined && length !== undefined && length !== '0') return response
  await response?.body.discard()
  return operation.send(request)
}
