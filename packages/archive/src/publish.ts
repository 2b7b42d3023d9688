import { type ContentStore, type Image, type Names, putMerged, type Selection } from '@dist/content'
import type { DistError } from '@dist/errdefs'
import { childrenHandler, type Handler, walk } from '@dist/images'
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  malformed,
} from '@dist/oci'
import { attributeError, type Collected, collectImage, listed } from './collect.js'
import type { NamedRoot } from './naming.js'

/** An image that may be published: all that its selection takes is in the store. */
export interface Checked extends Collected {
  readonly images: readonly Image[]
}

/**
 * Checks that an image is whole. Of an index that the archive holds a part of, without saying so, the selection is the
 * platforms that came with it as a whole: neither attestations nor other platforms' manifests need their content. Throws
 * `MALFORMED`, with name and digests, for what is missing.
 */
export async function checkRoot(
  { desc, names, selection: told }: NamedRoot,
  held: ReadonlySet<Digest>,
  content: ContentStore,
  signal?: AbortSignal,
): Promise<Checked> {
  const name = names[0] ?? desc.digest
  const selection = told ?? (await heldSelection(desc, name, held, content, signal))
  const collected = await collectImage({ name, desc, selection }, content, signal)
  if (collected.missing.length > 0) throw notWhole(name, collected.missing)
  return { ...collected, images: names.map((each) => ({ name: each, desc, selection })) }
}

function notWhole(name: string, missing: readonly Descriptor[], advice = ''): DistError {
  return malformed(name, `is not whole: the archive lacks ${listed(missing)}${advice}`)
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
  // Of what came at least in part more can be said than that it is not there.
  const begun = parts.filter(({ desc, lacking }) => lacking.length > 0 && !lacking.includes(desc))
  const lacking = (begun.length > 0 ? begun : parts).flatMap((part) => part.lacking)
  throw notWhole(name, lacking, begun.length > 0 ? '' : '; --platform takes a manifest alone')
}

/** A manifest below an index. */
interface Part {
  readonly desc: Descriptor
  /** Formatted; undefined where it is for none, as attestations. */
  readonly platform: string | undefined
  /** What of it is not there, itself included. */
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
  const look: Handler = async (desc, context) => {
    const isHeld = desc === root || held.has(desc.digest)
    if (isIndexType(desc.mediaType) && isHeld) return children(desc, context)
    found.push(desc)
    return []
  }
  try {
    await walk(look, [root], { signal })
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

/** Publishes images. What was selected of the same digest before stays selected. */
export function publishImages(images: readonly Image[], names: Names): Promise<Image[]> {
  return Promise.all(images.map((image) => putMerged(image, names)))
}
