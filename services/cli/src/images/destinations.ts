import { covers, formatSelection, type Image, type Provider, type Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { neededBy, type PlatformRequest, selectManifest } from '@dist/images'
import { destinationOf } from '@dist/mirror'
import { type Descriptor, type Digest, formatPlatform, isIndexType, parsePlatform } from '@dist/oci'
import { formatReference, parsePrefix, publishedNames, type Reference } from '@dist/reference'
import { compact } from '../input/compact.js'
import { shownName } from '../output/format.js'

/**
 * Checks the destinations of references below a prefix of a registry. Throws `INVALID_ARGUMENT` for an invalid prefix, for a
 * reference without a valid destination, and for two repositories with the same destination.
 */
export function checkDestinations(references: Iterable<Reference>, to: string): void {
  const prefix = parsePrefix(to)
  const namesOf = (reference: Reference) => publishedNames(destinationOf(reference, prefix))
  const hosts = new Map<string, number>()
  /** The number of the host of each name. */
  const taken = new Map<string, number>()
  for (const reference of references) {
    const host = hosts.get(reference.host) ?? hosts.size
    hosts.set(reference.host, host)
    for (const name of namesOf(reference)) {
      if ((taken.get(name) ?? host) !== host) throw clash(reference, firstOf(references, name, namesOf), name)
      taken.set(compact(name), host)
    }
  }
}

function firstOf(
  references: Iterable<Reference>,
  name: string,
  namesOf: (reference: Reference) => readonly string[],
): Reference {
  for (const reference of references) if (namesOf(reference).includes(name)) return reference
  throw new DistError('INTERNAL', `${name}: no reference has this destination`)
}

function clash(reference: Reference, other: Reference, name: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `${formatReference(other)} and ${formatReference(reference)} would both get the name ${name}; mirror them below different prefixes`,
  )
}

/** The part of a stored image that is pushed. */
export interface Part {
  /** The descriptor of the tag. */
  readonly root: Descriptor
  readonly platforms: PlatformRequest
  /** Set if the root is a manifest of the image's index: its platform. */
  readonly only?: string | undefined
  /** The digest of that index. */
  readonly index?: Digest | undefined
}

/**
 * The requested part of an image, else all that the store has. For one platform it is only the manifest, since most
 * registries refuse an incomplete index. Throws `NOT_FOUND` for platforms that the store does not have.
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

/** Whether a selection includes the whole index. */
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

/** The requested platforms; default: all. */
export function requestedPlatforms(texts: readonly string[] | undefined): PlatformRequest {
  return texts === undefined ? 'all' : texts.map((text) => parsePlatform(text))
}

/** The platforms as a run records them: formatted, sorted, unique. */
export function selectionOf(platforms: PlatformRequest): Selection {
  return platforms === 'all' ? platforms : [...new Set(platforms.map(formatPlatform))].sort()
}
