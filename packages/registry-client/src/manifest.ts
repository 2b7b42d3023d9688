import { DistError, isFailedPrecondition } from '@dist/errdefs'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  detectMediaType,
  digestOf,
  essence,
  hasChildren,
  isSchema1Type,
  maxManifestSize,
  parseManifest,
} from '@dist/oci'
import type { Response } from './http/exchange.js'
import { announcedDigest, parseSize } from './http/headers.js'
import type { Operation } from './request/operation.js'

/** A manifest as a registry sent it, with the descriptor of its bytes. */
export interface ReadManifest {
  readonly desc: Descriptor
  readonly content: Uint8Array
}

/**
 * GETs a whole manifest by tag or digest. The digest is that of the bytes. If the requested or announced digest is another
 * one, the manifest is read once more, and then `FAILED_PRECONDITION`. Above the size limit: `RESOURCE_EXHAUSTED`.
 */
export async function readManifest(
  operation: Operation,
  object: string,
  wanted: Digest | undefined,
): Promise<ReadManifest> {
  const read = () => operation.retrying(() => readOnce(operation, object, wanted))
  try {
    return await read()
  } catch (error) {
    // A proxy or the network may have damaged it.
    if (isFailedPrecondition(error)) return read()
    throw error
  }
}

async function readOnce(
  operation: Operation,
  object: string,
  wanted: Digest | undefined,
): Promise<ReadManifest> {
  const { what } = operation
  const response = await operation.attempt(operation.objectRequest('manifest', object))
  const content = await readWhole(response, what)
  const digest = verifyDigest(content, wanted, response, what)
  const mediaType = checkMediaType(response, content, what)
  return { desc: { mediaType, digest, size: content.byteLength }, content }
}

/**
 * The descriptor that an answer to HEAD announces. Undefined if a part of it is missing, or if it contradicts what was
 * requested or what a manifest may be: a GET decides then.
 */
export function announcedManifest(response: Response, wanted: Digest | undefined): Descriptor | undefined {
  const mediaType = announcedType(response)
  const size = parseSize(response.headers['content-length'])
  const digest = announcedDigest(response)
  if (mediaType === undefined || !size || size > maxManifestSize || digest === undefined) return undefined
  return wanted === undefined || wanted === digest ? { mediaType, digest, size } : undefined
}

/**
 * The announced media type, if it is that of a manifest. Registries and proxies send generic ones as well
 * (`application/json`, `text/plain`).
 */
function announcedType(response: Response): string | undefined {
  const type = essence(response.headers['content-type'] ?? '')
  return hasChildren(type) || isSchema1Type(type) ? type : undefined
}

/** All bytes of an answer. Above `maxSize` bytes, by default the limit of manifests: `RESOURCE_EXHAUSTED`. */
export async function readWhole(
  { body, headers, url }: Response,
  what: string,
  maxSize = maxManifestSize,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new DistError('RESOURCE_EXHAUSTED', `${what}: answer exceeds the limit of ${maxSize} bytes (${url.host})`)
  // The announced size avoids reading; only counting stops an answer that announces nothing.
  if ((parseSize(headers['content-length']) ?? 0) > maxSize) {
    await body.return()
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxSize) throw tooLarge()
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)
}

/** The digest of the content. Throws if the requested or the announced digest is another one (R10, R11). */
function verifyDigest(
  content: Uint8Array,
  wanted: Digest | undefined,
  response: Response,
  what: string,
): Digest {
  const announced = announcedDigest(response)
  const mismatch = (text: string) =>
    new DistError('FAILED_PRECONDITION', `${what}: does not verify (${response.url.host}): ${text}`)
  const digest = digestOf(content, algorithmOf(wanted ?? announced ?? ('sha256:' as Digest)))
  if (wanted !== undefined && digest !== wanted)
    throw mismatch(`${what.includes(wanted) ? '' : `expected ${wanted}, `}actual digest ${digest}`)
  if (announced === undefined || announced === wanted) return digest
  const actual = digestOf(content, algorithmOf(announced))
  if (actual === announced) return digest
  throw mismatch(`announced ${announced}, actual digest ${actual}`)
}

/** The media type, announced or detected. Parses manifests of known types: contradictory documents are rejected. */
function checkMediaType(response: Response, content: Uint8Array, what: string): string {
  const announced = announcedType(response)
  const mediaType = announced ?? detectMediaType(content, what)
  if (announced !== undefined || hasChildren(mediaType)) parseManifest(content, mediaType, what)
  return mediaType
}
