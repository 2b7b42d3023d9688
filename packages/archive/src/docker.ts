import { type ContentStore, type Image, readContent } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import {
  type Descriptor,
  type Digest,
  isIndexType,
  isManifestType,
  isRecord,
  isUnknownPlatform,
  maxManifestSize,
  mediaTypes,
  parseManifest,
} from '@dist/oci'
import { familiarReference } from '@dist/reference'
import type { Collected } from './collect.js'
import { blobPath } from './layout.js'
import { completeReference, isCosignName } from './naming.js'

/** An image as `manifest.json` describes it to `docker load`. */
export interface DockerEntry {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[]
}

/** An image with all objects that its archive will have. */
export interface CollectedImage extends Image, Collected {}

/** The layer types that docker unpacks. */
const layerTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayerGzip,
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
])

/**
 * The entries of `manifest.json`: each image once, with all of its tags. Docker does not know the tags of cosign, so they are
 * left out. Resolves to a reason instead if docker load would ignore some of the images, or load content that is not an
 * image. The list may have `limit` bytes, as otherwise it could not be imported again.
 */
export async function describeForDocker(
  images: readonly CollectedImage[],
  content: ContentStore,
  limit = maxManifestSize,
): Promise<{ entries: readonly DockerEntry[] } | { reason: string }> {
  const entries = new Map<Digest, { entry: DockerEntry; tags: string[] }>()
  const plain = images.filter(({ name }) => !isCosignName(name))
  for (const image of plain.length > 0 ? plain : images) {
    const manifest = manifestOf(image)
    if (typeof manifest === 'string') return { reason: `${image.name} ${manifest}` }
    const known = entries.get(manifest.digest)
    const described = known?.entry ?? (await describe(manifest, image, content))
    if (typeof described === 'string') return { reason: `${image.name} ${described}` }
    const tags = [...(known?.tags ?? []), ...tagOf(image.name)]
    entries.set(manifest.digest, { entry: described, tags })
  }
  const list = [...entries.values()].map(({ entry, tags }) => ({
    Config: entry.Config,
    RepoTags: tags.length === 0 ? null : tags,
    Layers: entry.Layers,
  }))
  const isTooLong = JSON.stringify(list).length > limit
  return isTooLong ? { reason: `the list of ${list.length} images is too long` } : { entries: list }
}

/** The only manifest of an image, or the reason why there is none. */
function manifestOf({ desc, objects, attached }: CollectedImage): Descriptor | string {
  if (!isIndexType(desc.mediaType)) return desc
  const manifests = objects.filter(
    ({ mediaType, platform, digest }) =>
      !attached.has(digest) &&
      isManifestType(mediaType) &&
      !(platform !== undefined && isUnknownPlatform(platform)),
  )
  const [only] = manifests
  return manifests.length === 1 && only !== undefined ? only : `has ${manifests.length} platforms`
}

async function describe(
  desc: Descriptor,
  { objects }: CollectedImage,
  content: ContentStore,
): Promise<DockerEntry | string> {
  const document = await readContent(content, desc, maxManifestSize)
  const manifest = parseManifest(document, desc.mediaType)
  if (manifest.kind === 'index' || manifest.config === undefined) return 'is no image'
  const { config, layers } = manifest
  if (config.mediaType !== mediaTypes.dockerConfig && config.mediaType !== mediaTypes.ociConfig)
    return 'is an artifact'
  const there = new Set(objects.map(({ digest }) => digest))
  if (!layers.every(({ digest }) => there.has(digest))) return 'lacks its foreign layers'
  if (!layers.every(({ mediaType }) => layerTypes.has(mediaType)))
    return 'has layers of a type that docker does not unpack'
  if ((await diffCount(config, content)) !== layers.length)
    return 'has a config with another number of layers'
  return { Config: blobPath(config.digest), RepoTags: null, Layers: layers.map((l) => blobPath(l.digest)) }
}

/** The number of layers by the config; undefined if it is not in the config. */
async function diffCount(config: Descriptor, content: ContentStore): Promise<number | undefined> {
  try {
    const bytes = await readContent(content, config, maxManifestSize)
    const document: unknown = JSON.parse(Buffer.from(bytes).toString())
    const rootfs = isRecord(document) ? document.rootfs : undefined
    const diffs = isRecord(rootfs) ? rootfs.diff_ids : undefined
    return Array.isArray(diffs) ? diffs.length : undefined
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'RESOURCE_EXHAUSTED')) return undefined
    throw error
  }
}

/** The name in docker's form. Empty for names with a digest and for names that are not references. */
function tagOf(name: string): string[] {
  const reference = completeReference(name)
  return reference?.tag === undefined || reference.digest !== undefined ? [] : [familiarReference(reference)]
}
