import { DistError, hasCode, isNotFound } from '@dist/errdefs'
import { essence, maxManifestSize, mediaTypes } from '@dist/oci'
import { formatReference, objectOf, type Reference } from '@dist/reference'
import type { Resolved, ResolveOptions } from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { firstEndpoint } from './fallback.js'
import { objectRequest, type Source } from './fetch.js'
import { announcedDigest, announcedType, readManifest } from './manifest.js'
import { sizeHeader } from './range.js'
import { type RegistryRequest, sendPatiently } from './send.js'
import type { Transport } from './transport.js'

/** `Resolver.resolve` at a registry. */
export function resolveReference(source: Source, ref: Reference, options: ResolveOptions): Promise<Resolved> {
  const what = formatReference(ref)
  return firstEndpoint(
    source.transport,
    source.endpoints,
    'resolve',
    what,
    options.signal,
    (endpoint, transport) => resolveAt(transport, endpoint, ref, options),
  )
}

async function resolveAt(
  transport: Transport,
  endpoint: Endpoint,
  ref: Reference,
  { intent = 'compare', signal }: ResolveOptions,
): Promise<Resolved> {
  const what = formatReference(ref)
  const request = objectRequest(endpoint, ref, 'manifest', objectOf(ref), what, signal)
  try {
    const headed = intent === 'compare' ? await head(transport, request, ref) : undefined
    return headed ?? { name: ref, ...(await readManifest(transport, request, ref.digest)) }
  } catch (error) {
    if (!isNotFound(error) || ref.digest === undefined) throw error
    return resolveBlob(transport, objectRequest(endpoint, ref, 'blob', ref.digest, what, signal), ref, error)
  }
}

/** Asks by HEAD. Undefined where the registry does not answer that, or not with all that is needed. */
async function head(
  transport: Transport,
  request: RegistryRequest,
  ref: Reference,
): Promise<Resolved | undefined> {
  const accept = [404, 405, 501]
  const response = await sendPatiently(transport, { ...request, method: 'HEAD', accept })
  await response.body.discard()
  if (response.status !== 200) return undefined
  const mediaType = announcedType(response)
  const size = sizeHeader(response.headers['content-length'])
  const digest = announcedDigest(response)
  if (mediaType === undefined || size === undefined || digest === undefined) return undefined
  if (size > maxManifestSize) {
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `${request.what} has ${size} bytes, more than the ${maxManifestSize} that a manifest may have`,
    )
  }
  if (ref.digest === undefined || ref.digest === digest)
    return { name: ref, desc: { mediaType, digest, size } }
  // Another algorithm's digest says nothing about the one asked for: the bytes will.
  if (ref.digest.slice(0, 6) !== digest.slice(0, 6)) return undefined
  throw new DistError('FAILED_PRECONDITION', `${request.what}: ${response.url.host} announces ${digest}`)
}

/** A digest may be that of a blob. Its bytes are verified by whoever fetches them. */
async function resolveBlob(
  transport: Transport,
  request: RegistryRequest,
  ref: Reference,
  missing: unknown,
): Promise<Resolved> {
  const { digest } = ref
  if (digest === undefined) throw missing
  for (const method of ['HEAD', 'GET'] as const) {
    try {
      const response = await sendPatiently(transport, { ...request, method })
      await response.body.return()
      const size = sizeHeader(response.headers['content-length'])
      if (size === undefined) continue
      const mediaType = essence(response.headers['content-type'] ?? '') || mediaTypes.octetStream
      return { name: ref, desc: { mediaType, digest, size } }
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND', 'NOT_IMPLEMENTED')) throw error
    }
  }
  throw missing
}
