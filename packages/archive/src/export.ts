import { type ContentStore, formatSelection, type Image } from '@dist/content'
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
import { byDigest, collectImage, listed } from './collect.js'
import { type CollectedImage, describeForDocker } from './docker.js'
import {
  blobPath,
  dockerFile,
  imageNameKey,
  indexFile,
  layoutFile,
  layoutVersion,
  refNameKey,
  selectionKey,
} from './layout.js'
import { referenceNamed } from './naming.js'
import { onlyPlatform } from './platform.js'

/** An archive that can be written. */
export interface ArchivePlan {
  /** By name; with a platform, their roots are that platform's manifests. */
  readonly images: readonly Image[]
  /** What the archive holds, each digest once. */
  readonly objects: readonly Descriptor[]
  /** Foreign layers, which are left where their publisher keeps them. */
  readonly foreign: readonly Descriptor[]
  /** Why it has no `manifest.json` for `docker load`; undefined where it has one. */
  readonly notForDocker: string | undefined
  /** Bytes of the whole archive. */
  readonly size: number
  /** An image that needs each object, for errors. */
  readonly neededBy: ReadonlyMap<Digest, string>
  /** The documents beside the blobs, by their path. */
  readonly documents: ReadonlyMap<string, Uint8Array>
}

export interface PlanArchiveOptions {
  /** Take of each index only this platform's manifest, as the image itself. Default: all that its name holds. */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/**
 * Finds out what an archive of these images holds. Throws `NOT_FOUND`, with name and digests, for an image of which
 * the store lacks something, and for a platform that an image has not; `FAILED_PRECONDITION` for manifests that are
 * damaged in the store; `INVALID_ARGUMENT` for more images than an index may list.
 */
export async function planArchive(
  images: readonly Image[],
  content: ContentStore,
  { platform, signal }: PlanArchiveOptions = {},
): Promise<ArchivePlan> {
  const collected = await wholeImages(images, content, {
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

/** Each image with all of its parts, by name. */
async function wholeImages(
  images: readonly Image[],
  content: ContentStore,
  { platform, signal }: PlanArchiveOptions,
): Promise<CollectedImage[]> {
  if (images.length > maxChildren)
    throw new DistError('INVALID_ARGUMENT', `${images.length} images are too many for one archive`)
  const wanted: Image[] = []
  for (const image of images) wanted.push(await onlyPlatform(image, platform, content))
  const collected: CollectedImage[] = []
  for (const image of sortedByName(wanted)) {
    const parts = await collectImage(image, content, signal)
    if (parts.missing.length > 0)
      throw new DistError(
        'NOT_FOUND',
        `${image.name} is not whole: the store lacks ${listed(parts.missing)}; pull it again`,
      )
    collected.push({ ...image, ...parts })
  }
  return collected
}

/**
 * The bytes of a planned archive: an OCI image layout as a tar, the same for the same images whatever their order.
 * The index is the last but one of its entries: of an archive that was cut off nobody takes a part for the whole.
 * Everything is verified on its way; throws `FAILED_PRECONDITION` with digest and name for what is damaged in the
 * store, and `NOT_FOUND` for what was deleted meanwhile.
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
  const body = async function* () {
    yield bytes
  }
  return { name, size: bytes.byteLength, body: body() }
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
    // One byte too many would be in the archive already when the digest tells.
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
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: images.map(indexEntry) }
  const documents: [string, unknown][] = [
    [layoutFile, { imageLayoutVersion: layoutVersion }],
    [indexFile, index],
    ...(docker === undefined ? [] : [[dockerFile, docker] as [string, unknown]]),
  ]
  return new Map(documents.map(([name, value]) => [name, Buffer.from(JSON.stringify(value))]))
}

function indexEntry({ name, desc, selection }: Image): unknown {
  const isReference = referenceNamed(name) !== undefined
  return {
    ...bareDescriptor(desc),
    annotations: {
      ...(isReference ? { [imageNameKey]: name } : {}),
      [refNameKey]: name,
      [selectionKey]: formatSelection(selection),
    },
  }
}

function sortedByName(images: readonly Image[]): Image[] {
  const byName = new Map(images.map((image) => [image.name, image]))
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
