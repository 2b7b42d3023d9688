import { DistError, sanitize } from '@dist/errdefs'
import { type Descriptor, isRecord, malformed, parseDescriptor, quoteValue, stringsOf } from './descriptor.js'
import { algorithmOf, digestOf } from './digest.js'
import {
  essence,
  isIndexType,
  isManifestType,
  isSchema1Type,
  knownMediaType,
  mediaTypes,
} from './mediatypes.js'

/**
 * Bytes. The limit for manifests. The distribution spec requires at least 4 MB; containerd, distribution and oras have that
 * limit, regclient has this one.
 */
export const maxManifestSize = 8 * 1024 * 1024

/** The limit for the children of one manifest. */
export const maxChildren = 10_000

/** The limit for objects and lists in one manifest: 8 MiB of `{},` would take 250 MB when parsed. */
const maxOpenings = 400_000

/** A manifest of one image or artifact. */
export interface ImageManifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  /** Absent in artifact manifests. */
  readonly config?: Descriptor | undefined
  /** Layers, or an artifact's blobs, in order. */
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor | undefined
  readonly artifactType?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** A list of manifests, usually one for each platform. */
export interface ImageIndex {
  readonly kind: 'index'
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor | undefined
  readonly artifactType?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export type Manifest = ImageManifest | ImageIndex

/**
 * Parses a manifest. `mediaType` is that of the descriptor or the Content-Type, with or without parameters; the document's own
 * must be the same. Throws `MALFORMED` if it is not JSON, contradicts itself or exceeds the limits, and `NOT_IMPLEMENTED` for
 * Docker's schema 1 and for media types without children (R13).
 */
export function parseManifest(content: Uint8Array, mediaType: string, name = 'manifest'): Manifest {
  const document = parseJson(content, name)
  const type = agreedMediaType(document, essence(mediaType), name)
  const common = commonParts(document, type, name)
  if (isIndexType(type))
    return { kind: 'index', ...common, manifests: descriptors(document.manifests, `${name}: manifests`) }
  const blobs = listOf(type)
  const config =
    document.config == null ? {} : { config: parseDescriptor(document.config, `${name}: config`) }
  if (blobs === 'layers' && document.config == null) throw malformed(name, 'has no config')
  return { kind: 'manifest', ...common, ...config, layers: descriptors(document[blobs], `${name}: ${blobs}`) }
}

/** The artifact type of a manifest: its own, else the media type of its config. Image spec, "Listing Referrers". */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  return manifest.artifactType || (manifest.kind === 'manifest' ? manifest.config?.mediaType : undefined)
}

/** The media type of a document that was sent without one: its own, or that of its members. Throws `MALFORMED`. */
export function detectMediaType(content: Uint8Array, name = 'manifest'): string {
  const document = parseJson(content, name)
  if (document.schemaVersion === 1 || 'fsLayers' in document) return mediaTypes.dockerSchema1
  if (typeof document.mediaType === 'string' && document.mediaType.trim() !== '')
    return knownMediaType(document.mediaType)
  if (Array.isArray(document.manifests)) return mediaTypes.ociIndex
  if (Array.isArray(document.layers)) return mediaTypes.ociManifest
  throw malformed(name, 'is neither a manifest nor an index')
}

/** The content embedded in a descriptor. Undefined if size or digest do not match: it must be fetched (R19). */
export function embeddedContent(desc: Descriptor): Uint8Array | undefined {
  if (desc.data === undefined || desc.data.length > maxManifestSize * 1.4) return undefined
  const content = Buffer.from(desc.data, 'base64')
  if (content.byteLength !== desc.size) return undefined
  return digestOf(content, algorithmOf(desc.digest)) === desc.digest ? content : undefined
}

/** The children of a manifest, in the order of the document. A subject is not a child. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return manifest.manifests
  return manifest.config === undefined ? manifest.layers : [manifest.config, ...manifest.layers]
}

/** Parses a JSON document within the limits of manifests, or up to `maxSize` bytes. Throws `MALFORMED`. */
export function parseDocument(content: Uint8Array, name: string, maxSize = maxManifestSize): unknown {
  if (content.byteLength > maxSize)
    throw malformed(name, `has ${content.byteLength} bytes, which exceeds the limit of ${maxSize}`)
  if (openingsIn(content) > maxOpenings)
    throw malformed(name, `has more than ${maxOpenings} objects and lists`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (cause) {
    throw new DistError(
      'MALFORMED',
      `${name} is not JSON: ${sanitize(String((cause as Error).message), 120)}`,
      { cause },
    )
  }
}

function parseJson(content: Uint8Array, name: string): Record<string, unknown> {
  const document = parseDocument(content, name)
  if (!isRecord(document)) throw malformed(name, 'is not a JSON object')
  return document
}

function openingsIn(content: Uint8Array): number {
  let count = 0
  for (const byte of content) if (byte === 0x7b || byte === 0x5b) count++
  return count
}

function agreedMediaType(document: Record<string, unknown>, mediaType: string, name: string): string {
  if (isSchema1Type(mediaType) || document.schemaVersion === 1 || 'fsLayers' in document) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      `${name}: Docker's schema 1 is not supported; push the image again with a current tool`,
    )
  }
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      `${name}: ${sanitize(mediaType, 100)} is not the media type of a manifest`,
    )
  }
  const own = typeof document.mediaType === 'string' ? essence(document.mediaType) : document.mediaType
  if (own != null && own !== '' && own !== mediaType)
    throw malformed(name, `has the media type ${quoteValue(document.mediaType)}, expected ${mediaType}`)
  checkLists(document, mediaType, name)
  return mediaType
}

/** Rejects a document that one reader takes for an index and another for a manifest (CVE-2021-41190). */
function checkLists(document: Record<string, unknown>, mediaType: string, name: string): void {
  if (document.manifests != null && (document.layers != null || document.config != null))
    throw malformed(name, 'names both layers and manifests')
  const list = listOf(mediaType)
  if (document[list] != null && !Array.isArray(document[list]))
    throw malformed(`${name}: ${list}`, 'is not a list')
  if (!(list in document) && list !== 'blobs')
    throw malformed(name, `has no ${list}, which ${mediaType} requires`)
}

/** The member with the children of a document of this type. */
function listOf(mediaType: string): 'manifests' | 'blobs' | 'layers' {
  if (isIndexType(mediaType)) return 'manifests'
  return mediaType === mediaTypes.ociArtifactManifest ? 'blobs' : 'layers'
}

function commonParts(document: Record<string, unknown>, mediaType: string, name: string) {
  return {
    mediaType,
    ...(document.subject == null ? {} : { subject: parseDescriptor(document.subject, `${name}: subject`) }),
    ...(typeof document.artifactType === 'string' ? { artifactType: document.artifactType } : {}),
    ...(isRecord(document.annotations) ? { annotations: stringsOf(document.annotations) } : {}),
  }
}

function descriptors(value: unknown, where: string): Descriptor[] {
  const list = Array.isArray(value) ? value : []
  if (list.length > maxChildren)
    throw malformed(where, `has ${list.length} descriptors, which exceeds the limit of ${maxChildren}`)
  return list.map((entry, i) => parseDescriptor(entry, `${where}[${i}]`))
}
