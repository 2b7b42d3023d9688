import { type ContentStore, formatReferrers, formatSelection, type Image, oneChunk } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import {
  algorithmOf,
  bareDescriptor,
  type Descriptor,
  type Digest,
  Digester,
  maxChildren,
  mediaTypes,
  type Platform,
} from '@dist/oci'
import { type TarFile, tarSize, writeTar } from '@dist/tar'
import { byDigest, collectImage, formatDigests } from './collect.js'
import { type CollectedImage, describeForDocker } from './docker.js'
import {
  blobPath,
  dockerFile,
  imageNameKey,
  indexFile,
  layoutFile,
  layoutVersion,
  recordKey,
  refNameKey,
  selectionKey,
} from './layout.js'
import { completeReference } from './naming.js'
import { onlyPlatform } from './platform.js'

/** An archive that can be written. */
export interface ArchivePlan {
  /** Sorted by name. With a platform, the roots are the manifests of that platform. */
  readonly images: readonly Image[]
  /** The content of the archive, each digest once. */
  readonly objects: readonly Descriptor[]
  /** Foreign layers that are not stored: they stay where their publisher keeps them. */
  readonly foreign: readonly Descriptor[]
  /** Why it has no `manifest.json` for `docker load`; undefined if it has one. */
  readonly notForDocker: string | undefined
  /** Bytes of the whole archive. */
  readonly size: number
  /** An image that needs each object, for errors. */
  readonly neededBy: ReadonlyMap<Digest, string>
  /** The documents beside the blobs, by their path. */
  readonly documents: ReadonlyMap<string, Uint8Array>
}

export interface PlanArchiveOptions {
  /**
   * Export only the manifest of this platform, as the image itself, without referrers. Default: the whole selection of the image.
   */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/**
 * Determines the content of an archive of these images. Throws `NOT_FOUND`, with name and digests, for an incomplete image,
 * and for a platform that an image does not have; `FAILED_PRECONDITION` for damaged manifests; `INVALID_ARGUMENT` for more
 * images than an index may list.
 */
export async function planArchive(
  images: readonly Image[],
  content: ContentStore,
  { platform, signal }: PlanArchiveOptions = {},
): Promise<ArchivePlan> {
  const collected = await collectImages(images, content, {
    platform,
    signal,
  })
  const docker = await describeForDocker(collected, content)
  const documents = documentsOf(collected, 'entries' in docker ? docker.entries : undefined)
  const objects = byDigest(collected.flatMap((image) => image.objects))
  const neededBy = new Map(
    collected.toReversed().flatMap(({ name, objects }) => objects.map(({ digest }) => [digest, name])),
  )
  return {
    images: collected.map(({ name, desc, selection }) => ({ name, desc, selection })),
    objects,
    foreign: byDigest(collected.flatMap((image) => image.foreign)),
    notForDocker: 'reason' in docker ? docker.reason : undefined,
    size: tarSize([
      ...[...documents].map(([name, { byteLength }]) => ({ name, size: byteLength })),
      ...objects.map(({ digest, size }) => ({ name: blobPath(digest), size })),
    ]),
    neededBy,
    documents,
  }
}

/** Each image with all of its objects, sorted by name. */
async function collectImages(
  images: readonly Image[],
  content: ContentStore,
  { platform, signal }: PlanArchiveOptions,
): Promise<CollectedImage[]> {
  if (images.length > maxChildren)
    throw new DistError(
      'INVALID_ARGUMENT',
      `too many images for one archive: ${images.length}, maximum ${maxChildren}`,
    )
  const wanted: Image[] = []
  for (const image of images) wanted.push(await onlyPlatform(image, platform, content))
  const collected: CollectedImage[] = []
  for (const image of sortedByName(wanted)) {
    const parts = await collectImage(image, content, signal)
    if (parts.missing.length > 0)
      throw new DistError(
        'NOT_FOUND',
        `${image.name} is incomplete: the store lacks ${formatDigests(parts.missing)}; pull it again`,
      )
    collected.push({ ...image, ...parts })
  }
  return collected
}

/**
 * The bytes of a planned archive: an OCI image layout as a tar, the same for the same images in any order. The index comes
 * after the blobs, so that a truncated archive is recognized. All content is verified. Throws `FAILED_PRECONDITION`, with
 * digest and name, for damaged content, and `NOT_FOUND` for content that was deleted meanwhile.
 */
export function writeArchive(
  plan: ArchivePlan,
  content: Pick<ContentStore, 'open'>,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  return writeTar(filesOf(plan, content, signal))
}

function* filesOf(
  { documents, objects, neededBy }: ArchivePlan,
  content: Pick<ContentStore, 'open'>,
  signal: AbortSignal | undefined,
): Iterable<TarFile> {
  yield document(layoutFile, documents)
  for (const desc of objects) {
    const body = verified(desc, neededBy.get(desc.digest) ?? '', content, signal)
    yield { name: blobPath(desc.digest), size: desc.size, body }
  }
  yield document(indexFile, documents)
  if (documents.has(dockerFile)) yield document(dockerFile, documents)
}

function document(name: string, documents: ReadonlyMap<string, Uint8Array>): TarFile {
  const bytes = documents.get(name) ?? new Uint8Array()
  return { name, size: bytes.byteLength, body: oneChunk(bytes) }
}

async function* verified(
  desc: Descriptor,
  name: string,
  content: Pick<ContentStore, 'open'>,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  const digester = new Digester(algorithmOf(desc.digest))
  const body = await content.open(desc, { signal })
  for await (const chunk of body) {
    throwIfAborted(signal)
    digester.update(chunk)
    // Too many bytes would be in the archive before the digest shows it.
    if (digester.size > desc.size) break
    yield chunk
  }
  if (digester.size === desc.size && digester.digest() === desc.digest) return
  throw new DistError(
    'FAILED_PRECONDITION',
    `${desc.digest} of ${name} is damaged in the store: delete it and pull again`,
  )
}

function documentsOf(images: readonly CollectedImage[], docker: readonly unknown[] | undefined) {
  const manifests = [...images.map(indexEntry), ...referrersOf(images).map(referrerEntry)]
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  const documents: [string, unknown][] = [
    [layoutFile, { imageLayoutVersion: layoutVersion }],
    [indexFile, index],
    ...(docker === undefined ? [] : [[dockerFile, docker] as [string, unknown]]),
  ]
  return new Map(documents.map(([name, value]) => [name, Buffer.from(JSON.stringify(value))]))
}

/** What images have recorded as their referrers, without names of their own: readers of layouts find them by their subjects. */
function referrersOf(images: readonly Image[]): Descriptor[] {
  return byDigest(images.flatMap(({ referrers }) => referrers?.manifests ?? []))
}

function referrerEntry({ artifactType, ...desc }: Descriptor): unknown {
  return { ...bareDescriptor(desc), artifactType }
}

function indexEntry({ name, desc, selection, referrers }: Image): unknown {
  const isReference = completeReference(name) !== undefined
  return {
    ...bareDescriptor(desc),
    annotations: {
      ...(isReference ? { [imageNameKey]: name } : {}),
      [refNameKey]: name,
      [selectionKey]: formatSelection(selection),
      ...(referrers === undefined ? {} : { [recordKey]: JSON.stringify(formatReferrers(referrers)) }),
    },
  }
}

function sortedByName(images: readonly Image[]): Image[] {
  const byName = new Map(images.map((image) => [image.name, image]))
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
