import {
  type ContentStore,
  guarded,
  hadRecently,
  type Image,
  type Names,
  putMerged,
  type Selection,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import { childrenHandler, type Handler, holdsAll, walk } from '@dist/images'
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  malformed,
} from '@dist/oci'
import { attributeError, type Collected, collectImage, formatDigests } from './collect.js'
import type { NamedRoot } from './naming.js'

/** An image that can be published: the store has everything that its selection takes. */
export interface Checked extends Collected {
  readonly images: readonly Image[]
}

/**
 * Checks that an image is complete. If the archive has only parts of an index and records no selection, the selection is the
 * platforms that are complete in it; attestations and other platforms may be missing. Throws `MALFORMED`, with name and
 * digests, for content that is missing.
 */
export async function checkRoot(
  { desc, names, selection: recorded, referrers }: NamedRoot,
  held: ReadonlySet<Digest>,
  content: ContentStore,
  signal?: AbortSignal,
): Promise<Checked> {
  const name = names[0] ?? desc.digest
  const selection = recorded ?? (await heldSelection(desc, name, held, content, signal))
  const image = { desc, selection, ...(referrers === undefined ? {} : { referrers }) }
  const collected = await collectImage({ name, ...image }, content, signal)
  if (collected.missing.length > 0) throw incompleteError(name, collected.missing)
  return { ...collected, images: names.map((each) => ({ name: each, ...image })) }
}

function incompleteError(name: string, missing: readonly Descriptor[], advice = ''): DistError {
  return malformed(name, `is incomplete: the archive lacks ${formatDigests(missing)}${advice}`)
}

async function heldSelection(
  root: Descriptor,
  name: string,
  held: ReadonlySet<Digest>,
  content: ContentStore,
  signal: AbortSignal | undefined,
): Promise<Selection> {
  if (!isIndexType(root.mediaType)) return 'all'
  const parts = await partsOf(root, name, held, content, signal)
  if (parts.every(({ lacking }) => lacking.length === 0)) return 'all'
  const whole = new Set(parts.flatMap(({ platform }) => (platform === undefined ? [] : [platform])))
  for (const { platform, lacking } of parts) if (platform && lacking.length > 0) whole.delete(platform)
  if (whole.size > 0) return [...whole].sort()
  // Incomplete manifests are named first: they are more likely to be wanted than those that are missing altogether.
  const begun = parts.filter(({ desc, lacking }) => lacking.length > 0 && !lacking.includes(desc))
  const lacking = (begun.length > 0 ? begun : parts).flatMap((part) => part.lacking)
  throw incompleteError(name, lacking, begun.length > 0 ? '' : '; to import one platform, add --platform')
}

/** A manifest below an index. */
interface Part {
  readonly desc: Descriptor
  /** Formatted; undefined for attestations and others without a platform. */
  readonly platform: string | undefined
  /** Descriptors of it that are not stored, itself included. */
  readonly lacking: readonly Descriptor[]
}

async function partsOf(
  root: Descriptor,
  name: string,
  held: ReadonlySet<Digest>,
  content: ContentStore,
  signal: AbortSignal | undefined,
): Promise<Part[]> {
  const children = childrenHandler(content)
  const found: Descriptor[] = []
  const findParts: Handler = async (desc, context) => {
    const isHeld = desc === root || held.has(desc.digest)
    if (isIndexType(desc.mediaType) && isHeld) return children(desc, context)
    found.push(desc)
    return []
  }
  try {
    await walk(findParts, [root], { signal })
  } catch (error) {
    throw attributeError(error, name)
  }
  const parts: Part[] = []
  for (const desc of found) {
    const image = { name, desc, selection: 'all' as const }
    const lacking = held.has(desc.digest) ? (await collectImage(image, content, signal)).missing : [desc]
    parts.push({ desc, platform: platformOf(desc), lacking })
  }
  return parts
}

function platformOf({ platform }: Descriptor): string | undefined {
  return platform === undefined || isUnknownPlatform(platform) ? undefined : formatPlatform(platform)
}

/**
 * Publishes images whose objects are in the store. A selection that was published for the same digest before is kept. Throws
 * `UNAVAILABLE` if a collection of garbage has deleted one of the objects.
 */
export function publishImages(
  images: readonly Image[],
  objects: readonly Descriptor[],
  { content, names }: { readonly content: ContentStore; readonly names: Names },
): Promise<Image[]> {
  const digests = async () => objects.map(({ digest }) => digest)
  return guarded(names, digests, async (isCollecting) => {
    if (isCollecting) await checkHeld(objects, content)
    const mayKeep = isCollecting ? (before: Image) => holdsAll(before, content, names) : undefined
    return Promise.all(images.map((image) => putMerged(image, names, mayKeep)))
  })
}

async function checkHeld(objects: readonly Descriptor[], content: ContentStore): Promise<void> {
  const held = await Promise.all(objects.map((desc) => hadRecently(content, desc, { presence: false })))
  const missing = objects.filter((_, i) => !held[i])
  if (missing.length > 0)
    throw new DistError(
      'UNAVAILABLE',
      `the store lost ${formatDigests(missing)} during the import, to a collection of garbage or a deletion; import again`,
    )
}
