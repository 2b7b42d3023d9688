import { DistError, isFailedPrecondition } from '@dist/errdefs'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  detectMediaType,
  digestOf,
  essence,
  hasChildren,
  isDigest,
  isSchema1Type,
  maxManifestSize,
  parseManifest,
} from '@dist/oci'
import type { Response } from './http/exchange.js'
import { sizeHeader } from './range.js'
import { withRetries } from './retry.js'
import { type RegistryRequest, send } from './send.js'
import type { Transport } from './transport.js'

/** A manifest as a registry sent it, with what its bytes are. */
export interface ReadManifest {
  readonly desc: Descriptor
  readonly content: Uint8Array
}

/**
 * GETs a manifest whole. The digest is that of the bytes; where one was asked for or announced and is another, it is asked
 * for once more, and then `FAILED_PRECONDITION`. Larger than the cap is `RESOURCE_EXHAUSTED`, whatever was announced.
 */
export function readManifest(
  transport: Transport,
  request: RegistryRequest,
  wanted: Digest | undefined,
): Promise<ReadManifest> {
  const read = () => withRetries(transport.retry, request.signal, () => readOnce(transport, request, wanted))
  return read().catch((error: unknown) => {
    // Something on the way may have damaged it.
    if (isFailedPrecondition(error)) return read()
    throw error
  })
}

async function readOnce(
  transport: Transport,
  request: RegistryRequest,
  wanted: Digest | undefined,
): Promise<ReadManifest> {
  const response = await send(transport, request)
  const content = await readWhole(response, request.what)
  const digest = verifiedDigest(content, wanted, response, request.what)
  const mediaType = mediaTypeOf(response, content, request.what)
  return { desc: { mediaType, digest, size: content.byteLength }, content }
}

/**
 * The media type that an answer's header says, if it is that of a manifest. Registries and what stands before them
 * send generic ones too (`application/json`, `text/plain`).
 */
export function announcedType(response: Response): string | undefined {
  const type = essence(response.headers['content-type'] ?? '')
  return hasChildren(type) || isSchema1Type(type) ? type : undefined
}

export function announcedDigest(response: Response): Digest | undefined {
  const value = response.headers['docker-content-digest']
  return typeof value === 'string' && isDigest(value) ? value : undefined
}

/** All bytes of an answer, at most as many as a manifest may have: beyond it `RESOURCE_EXHAUSTED`. */
export async function readWhole({ body, headers, url }: Response, what: string): Promise<Uint8Array> {
  const tooLarge = () =>
    new DistError(
      'RESOURCE_EXHAUSTED',
      `${what}: ${url.host} sends more than the ${maxManifestSize} bytes that a manifest may have`,
    )
  // The announced size saves reading what is too large; only counting stops what announces nothing.
  if ((sizeHeader(headers['content-length']) ?? 0) > maxManifestSize) {
    await body.return()
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxManifestSize) throw tooLarge()
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)
}

function verifiedDigest(
  content: Uint8Array,
  wanted: Digest | undefined,
  response: Response,
  what: string,
): Digest {
  const announced = announcedDigest(response)
  const { host } = response.url
  const digest = digestOf(content, algorithmOf(wanted ?? announced ?? ('sha256:' as Digest)))
  if (wanted !== undefined && digest !== wanted)
    throw new DistError('FAILED_PRECONDITION', unverified(what, wanted, host, digest))
  if (announced === undefined || announced === wanted) return digest
  const said = digestOf(content, algorithmOf(announced))
  if (said === announced) return digest
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: does not verify (${host}): announced as ${announced}, the content has digest ${said}`,
  )
}

/** With the expected digest, which most names of what is asked for have already. */
function unverified(what: string, wanted: Digest, host: string, digest: Digest): string {
  const expected = what.includes(wanted) ? '' : `${wanted} was expected, `
  return `${what}: does not verify (${host}): ${expected}the content has digest ${digest}`
}

/** Checks the document on the way, where it is one that we can read: what contradicts itself is refused by name. */
function mediaTypeOf(response: Response, content: Uint8Array, what: string): string {
  const announced = announcedType(response)
  const mediaType = announced ?? detectMediaType(content, what)
  if (announced !== undefined || hasChildren(mediaType)) parseManifest(content, mediaType, what)
  return mediaType
}
