import { DistError } from '@dist/errdefs'
import { type Digest, essence, maxManifestSize, mediaTypes } from '@dist/oci'
import { formatReference, objectOf, type Reference } from '@dist/reference'
import type { ObjectType, Resolved, ResolveOptions } from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { firstEndpoint } from './fallback.js'
import type { Source } from './fetch.js'
import type { Response } from './http/exchange.js'
import { announcedDigest, announcedType, readManifest } from './manifest.js'
import { likelyPath, objectRequest } from './paths.js'
import { headed } from './probe.js'
import { sizeHeader } from './range.js'
import { type RegistryRequest, sendPatiently } from './send.js'
import type { Transport } from './transport.js'

/** `Resolver.resolve` at a registry. */
export function resolveReference(source: Source, ref: Reference, options: ResolveOptions): Promise<Resolved> {
  const what = formatReference(ref)
  return firstEndpoint(source.endpoints, 'resolve', what, options.signal, (endpoint) =>
    resolveAt(source.transport, endpoint, ref, options),
  )
}

async function resolveAt(
  transport: Transport,
  endpoint: Endpoint,
  ref: Reference,
  { intent = 'compare', signal }: ResolveOptions,
): Promise<Resolved> {
  const what = formatReference(ref)
  const requestFor = (type: ObjectType) => objectRequest(endpoint, ref, type, objectOf(ref), what, signal)
  const { digest } = ref
  const types: readonly ObjectType[] = digest === undefined ? ['manifest'] : ['manifest', 'blob']
  return likelyPath(types, transport, async (type, transport) => {
    const request = requestFor(type)
    if (type === 'blob' && digest !== undefined) return resolveBlob(transport, request, ref, digest)
    const headed = intent === 'compare' ? await head(transport, request, ref) : undefined
    return headed ?? { name: ref, ...(await readManifest(transport, request, digest)) }
  })
}

/** Asks by HEAD. Undefined where the answer does not tell all that is needed, whatever it is: a GET will. */
async function head(
  transport: Transport,
  request: RegistryRequest,
  ref: Reference,
): Promise<Resolved | undefined> {
  const response = await headed(transport, request)
  if (response === undefined) return undefined
  await response.body.discard()
  const mediaType = announcedType(response)
  const size = sizeHeader(response.headers['content-length'])
  const digest = announcedDigest(response)
  if (mediaType === undefined || size === undefined || digest === undefined) return undefined
  // Of another digest than the one asked for, and of a size that no manifest has, the bytes will tell what is true.
  if (size === 0 || size > maxManifestSize || (ref.digest !== undefined && ref.digest !== digest))
    return undefined
  return { name: ref, desc: { mediaType, digest, size } }
}

/** A digest may be that of a blob. Its bytes are verified by whoever fetches them. */
async function resolveBlob(
  transport: Transport,
  request: RegistryRequest,
  ref: Reference,
  digest: Digest,
): Promise<Resolved> {
  const response = await headOrGet(transport, request)
  await response.body.return()
  const size = sizeHeader(response.headers['content-length'])
  if (size === undefined)
    throw new DistError('MALFORMED', `${request.what}: ${response.url.host} does not say how large it is`)
  const mediaType = essence(response.headers['content-type'] ?? '') || mediaTypes.octetStream
  return { name: ref, desc: { mediaType, digest, size } }
}

async function headOrGet(transport: Transport, request: RegistryRequest): Promise<Response> {
  const response = await headed(transport, request)
  // Servers are known to answer 0 to every HEAD.
  const length = response?.headers['content-length']
  if (response !== undefined && length !== undefined && length !== '0') return response
  await response?.body.discard()
  return sendPatiently(transport, request)
}
