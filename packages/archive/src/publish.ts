import { type ContentStore, has, type Image, type Names, putMerged, type Selection } from '@dist/content'
import { childrenHandler, type Handler, walk } from '@dist/images'
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  malformed,
} from '@dist/oci'
import { blamed, type Collected, collectImage, listed } from './collect.js'
import type { NamedRoot } from './naming.js'

/** An image that may be published: all that its selection takes is in the store. */
export interface Checked extends Collected {
  readonly images: readonly Image[]
}

/**
 * Checks that an image is whole. Of an index that the archive holds a part of, without saying so, the selection is the
 * platforms whose manifests came with it. Throws `MALFORMED`, with name and digests, for what is missing.
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
  const { missing } = collected
  if (missing.length > 0) {
    const advice = told === undefined && selection !== 'all' ? '; --platform takes a manifest alone' : ''
    throw malformed(name, `is not whole: the archive lacks ${listed(missing)}${advice}`)
  }
  return { ...collected, images: names.map((each) => ({ name: each, desc, selection })) }
}

async function heldSelection(
  root: Descriptor,
  name: string,
  held: ReadonlySet<Digest>,
  content: ContentStore,
  signal: AbortSignal | undefined,
): Promise<Selection> {
  const children = childrenHandler(content)
  const platforms = new Set<string>()
  const absent: Descriptor[] = []
  const look: Handler = async (desc, context) => {
    const { platform } = desc
    if (desc !== root && !held.has(desc.digest)) absent.push(desc)
    else if (platform !== undefined && !isUnknownPlatform(platform)) platforms.add(formatPlatform(platform))
    return isIndexType(desc.mediaType) && (await has(content, desc)) ? children(desc, context) : []
  }
  try {
    await walk(look, [root], signal === undefined ? {} : { signal })
  } catch (error) {
    throw blamed(error, name)
  }
  if (absent.length === 0) return 'all'
  if (platforms.size === 0) throw malformed(name, `is not whole: the archive lacks ${listed(absent)}`)
  return [...platforms].sort()
}

/** Publishes images. What was selected of the same digest before stays selected. */
export function publishImages(images: readonly Image[], names: Names): Promise<Image[]> {
  return Promise.all(images.map((image) => putMerged(image, names)))
}
