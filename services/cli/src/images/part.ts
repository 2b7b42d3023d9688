import { covers, formatSelection, type Image, type Provider, type Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type PlatformRequest, selectManifest } from '@dist/images'
import { neededBy } from '@dist/mirror'
import { type Descriptor, type Digest, formatPlatform, isIndexType, parsePlatform } from '@dist/oci'
import { shownName } from '../output/names.js'

/** What of a stored image is pushed. */
export interface Part {
  /** What the tag will mean. */
  readonly root: Descriptor
  readonly platforms: PlatformRequest
  /** Set where the root is a manifest out of the image's index: the platform that it is for. */
  readonly only?: string | undefined
  /** The digest of the index that it is out of. */
  readonly index?: Digest | undefined
}

/**
 * The part of an image that is asked for, else all that the store holds. Of one platform it is the manifest alone, since
 * most registries take no index whose manifests they do not have. `NOT_FOUND` for platforms that the store does not hold.
 */
export async function partOf(
  image: Image,
  content: Provider,
  asked: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Part> {
  const { desc, selection } = image
  const wanted = asked === undefined ? selection : formatted(asked)
  if (!isIndexType(desc.mediaType) || wanted === 'all') return { root: desc, platforms: 'all' }
  if (!covers(selection, wanted)) throw notHeld(image, wanted)
  const [first, ...others] = wanted
  if (
    first !== undefined &&
    others.length === 0 &&
    (asked !== undefined || !(await isWhole(image, content)))
  ) {
    const name = shownName(image.name)
    return {
      root: await selectManifest(desc, parsePlatform(first), content, { name, signal }),
      platforms: 'all',
      only: first,
      index: desc.digest,
    }
  }
  const whole = await isWhole({ desc, selection: wanted }, content)
  return { root: desc, platforms: whole ? 'all' : wanted.map((text) => parsePlatform(text)) }
}

function formatted(platforms: readonly string[]): string[] {
  return [...new Set(platforms.map((text) => formatPlatform(parsePlatform(text))))].sort()
}

/** Whether a selection takes all that an index names, as of an index of one platform. */
async function isWhole(image: Pick<Image, 'desc' | 'selection'>, content: Provider): Promise<boolean> {
  const [selected, all] = await Promise.all([
    neededBy(image, content),
    neededBy({ ...image, selection: 'all' }, content),
  ])
  return selected.length === all.length
}

function notHeld({ name, selection }: Image, wanted: Selection): DistError {
  const shown = shownName(name)
  const held = formatSelection(selection)
  return new DistError(
    'NOT_FOUND',
    `${shown}: the store has the platforms ${held}, not ${formatSelection(wanted)}; dist pull --platform adds platforms`,
  )
}

/** The platforms asked for; all of them unless some are named. */
export function requestedPlatforms(texts: readonly string[] | undefined): PlatformRequest {
  return texts === undefined ? 'all' : texts.map((text) => parsePlatform(text))
}

/** The same as a run records them: formatted, sorted, each once. */
export function selectionOf(platforms: PlatformRequest): Selection {
  return platforms === 'all' ? platforms : [...new Set(platforms.map(formatPlatform))].sort()
}
