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
import { referenceNamed } from './naming.js'

/** An image as `manifest.json` describes it to `docker load`. */
export interface DockerEntry {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[]
}

/** An image with all that its archive will hold of it. */
export interface CollectedImage extends Image, Collected {}

/** What docker unpacks as a layer, compressed or not. */
const layerTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayerGzip,
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
])

/**
 * The entries of `manifest.json`, each image once with all of its tags; or why there can be none: docker load would
 * take some of the images and be silent about the others, or take something for an image that is none. A list of more
 * than `limit` bytes, by default those of a manifest, would not be read again.
 */
export async function describeForDocker(
  images: readonly CollectedImage[],
  content: ContentStore,
  limit = maxManifestSize,
): Promise<{ entries: readonly DockerEntry[] } | { reason: string }> {
  const entries = new Map<Digest, { entry: DockerEntry; tags: string[] }>()
  for (const image of images) {
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

/** The one manifest that the image is on a machine, or why there is none. */
function manifestOf({ desc, objects }: CollectedImage): Descriptor | string {
  if (!isIndexType(desc.mediaType)) return desc
  const manifests = objects.filter(
    ({ mediaType, platform }) =>
      isManifestType(mediaType) && !(platform !== undefined && isUnknownPlatform(platform)),
  )
  const [only] = manifests
  return manifests.length === 1 && only !== undefined ? only : `holds ${manifests.length} platforms`
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
  if (!layers.every(({ digest }) => there.has(digest))) return 'is without its foreign layers'
  if (!layers.every(({ mediaType }) => layerTypes.has(mediaType))) return 'has layers of other kinds'
  if ((await diffCount(config, content)) !== layers.length) return 'has a config that does not fit its layers'
  return { Config: blobPath(config.digest), RepoTags: null, Layers: layers.map((l) => blobPath(l.digest)) }
}

/** How many layers a config names; undefined where it cannot be told. */
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

/** The name as docker writes tags; nothing for a digest and for names that are no references. */
function tagOf(name: string): string[] {
  const reference = referenceNamed(name)
  return reference?.tag === undefined || reference.digest !== undefined ? [] : [familiarReference(reference)]
}
