import { DistError, sanitize } from '@dist/errdefs'
import { type Descriptor, isRecord, malformed, parseDescriptor, shown, stringsOf } from './descriptor.js'
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
 * The largest manifest that is read, in bytes. The distribution spec asks for at least 4 MB to work;
 * containerd, distribution and oras stop there, regclient at this.
 */
export const maxManifestSize = 8 * 1024 * 1024

/** The most children that one manifest may name. */
export const maxChildren = 10_000

/** The most objects and lists in one manifest: 8 MiB of nothing but `{},` would take 250 MB once parsed. */
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

/** A list of manifests, as a rule one for each platform. */
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
 * Reads a manifest. `mediaType` is what the descriptor or the Content-Type says, with or without parameters; the
 * document's own, where it has one, must agree. Throws `MALFORMED` for what is no JSON, contradicts itself or is larger than the caps, and
 * `NOT_IMPLEMENTED` for Docker's schema 1 and for media types that have no children.
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
  if (blobs === 'layers' && document.config == null) throw malformed(name, 'lacks a config')
  return { kind: 'manifest', ...common, ...config, layers: descriptors(document[blobs], `${name}: ${blobs}`) }
}

/** The media type that a document claims for itself, or that its shape tells, where nobody else says it. */
export function detectMediaType(content: Uint8Array, name = 'manifest'): string {
  const document = parseJson(content, name)
  if (document.schemaVersion === 1 || 'fsLayers' in document) return mediaTypes.dockerSchema1
  if (typeof document.mediaType === 'string' && document.mediaType.trim() !== '')
    return knownMediaType(document.mediaType)
  if (Array.isArray(document.manifests)) return mediaTypes.ociIndex
  if (Array.isArray(document.layers)) return mediaTypes.ociManifest
  throw malformed(name, 'is neither a manifest nor an index')
}

/** The content embedded in a descriptor, if size and digest are right; otherwise undefined: it must be fetched. */
export function embeddedContent(desc: Descriptor): Uint8Array | undefined {
  if (desc.data === undefined || desc.data.length > maxManifestSize * 1.4) return undefined
  const content = Buffer.from(desc.data, 'base64')
  if (content.byteLength !== desc.size) return undefined
  return digestOf(content, algorithmOf(desc.digest)) === desc.digest ? content : undefined
}

/** Every descriptor that a manifest names below itself, in the order of the document. A subject is no child. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return manifest.manifests
  return manifest.config === undefined ? manifest.layers : [manifest.config, ...manifest.layers]
}

/** Reads any JSON document, within the caps of manifests. Throws `MALFORMED`. */
export function parseDocument(content: Uint8Array, name: string): unknown {
  if (content.byteLength > maxManifestSize) {
    throw malformed(
      name,
      `has ${content.byteLength} bytes, more than the ${maxManifestSize} that a manifest may have`,
    )
  }
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
      `${name} is of Docker's schema 1, which is unsupported: push the image again with a current tool`,
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
    throw malformed(name, `was given as ${mediaType} but calls itself ${shown(document.mediaType)}`)
  checkLists(document, mediaType, name)
  return mediaType
}

/** One document must not be an index to one reader and a manifest to another (CVE-2021-41190). */
function checkLists(document: Record<string, unknown>, mediaType: string, name: string): void {
  if (document.manifests != null && (document.layers != null || document.config != null))
    throw malformed(name, 'names both layers and manifests')
  const list = listOf(mediaType)
  if (document[list] != null && !Array.isArray(document[list]))
    throw malformed(`${name}: ${list}`, 'is not a list')
  if (!(list in document) && list !== 'blobs')
    throw malformed(name, `was given as ${mediaType} but has no ${list}`)
}

/** The member of a document of this type that names its children. */
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
    throw malformed(where, `names ${list.length} descriptors, more than the ${maxChildren} allowed`)
  return list.map((entry, i) => parseDescriptor(entry, `${where}[${i}]`))
}
