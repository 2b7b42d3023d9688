import type { Image, Store } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { requestOf } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import { formatReference, parseReference, type Reference } from '@dist/reference'
import { type EngineDependencies, type EngineOptions, mirrorImages } from './embedded.js'
import type { Source } from './source.js'
import type { ImageTask } from './task.js'
import type { BadContent } from './verify-content.js'

/** The parts of a store that is repaired. */
export type RepairedStore = Pick<Store, 'names' | 'setAside' | 'withheld'>

/** An image whose content was fetched again, and that is published again. With an error it stays unpublished. */
export interface Repaired {
  readonly name: string
  readonly error?: unknown
}

/** A step of a repair: a name was unpublished, or content was moved to a location. */
export type RepairEvent =
  | { readonly type: 'unpublished'; readonly name: string }
  | { readonly type: 'aside'; readonly digest: string; readonly location: string }

export interface RepairOptions extends Pick<EngineOptions, 'signal' | 'policy' | 'onEvent'> {
  onRepair?: ((event: RepairEvent) => void) | undefined
}

/**
 * Repairs bad content: unpublishes the images that need it, sets it aside, fetches it from where its images came from, which their
 * names tell, and publishes the images again as they were. Images that an earlier repair has left unpublished are repaired as well.
 * Killed at any moment it loses no name: `Withheld` has those that are unpublished. Yields the images as they end.
 */
export async function* repairContent(
  bad: readonly BadContent[],
  store: RepairedStore,
  dependencies: EngineDependencies,
  options: RepairOptions = {},
): AsyncGenerator<Repaired, void, undefined> {
  const { onRepair, ...engine } = options
  const withheld = await withhold(bad, store, onRepair)
  for (const { digest, found } of bad) {
    if (found.state === 'missing') continue
    onRepair?.({ type: 'aside', digest, location: await store.setAside(digest) })
  }
  const tasks: ImageTask[] = []
  const pinned = new Map<string, Descriptor>()
  for (const image of withheld) {
    const task = taskFor(image)
    if (task instanceof DistError) yield { name: image.name, error: task }
    else {
      pinned.set(image.name, image.desc)
      tasks.push(task)
    }
  }
  const source = pinnedSource(dependencies.source, pinned)
  for await (const { reference, error } of mirrorImages(
    tasks,
    { ...dependencies, source },
    { ...engine, platforms: 'all' },
  )) {
    const name = formatReference(reference)
    if (error === undefined) await store.withheld.remove(name)
    yield error === undefined ? { name } : { name, error }
  }
}

/** Unpublishes the images that need bad content. Resolves to all images that are unpublished. */
async function withhold(
  bad: readonly BadContent[],
  { names, withheld }: RepairedStore,
  onRepair: RepairOptions['onRepair'],
): Promise<readonly Image[]> {
  const images = new Map<string, Image>()
  for await (const image of withheld.list()) images.set(image.name, image)
  const affected = new Set(bad.flatMap(({ images: needing = [] }) => needing))
  for (const name of affected) {
    try {
      const image = await names.get(name)
      await withheld.add(image)
      await names.delete(name)
      images.set(name, image)
      onRepair?.({ type: 'unpublished', name })
    } catch (error) {
      // Another process has removed it.
      if (!isNotFound(error)) throw error
    }
  }
  return [...images.values()]
}

/** The task that fetches an image as it was; an error for a name that tells no registry. */
function taskFor({ name, selection, referrers }: Image): ImageTask | DistError {
  const reference = referenceOf(name)
  if (reference === undefined)
    return new DistError(
      'NOT_FOUND',
      `${name}: not fetched again: the name tells no registry; import the image again`,
    )
  const artifactTypes = referrers?.types
  const request = artifactTypes === 'all' ? true : artifactTypes && { artifactTypes }
  return { reference, platforms: requestOf(selection), ...(request ? { referrers: request } : {}) }
}

function referenceOf(name: string): Reference | undefined {
  try {
    const reference = parseReference(name)
    return formatReference(reference) === name ? reference : undefined
  } catch (error) {
    if (error instanceof DistError) return undefined
    throw error
  }
}

/** A source that resolves these names to the roots that they had: tags move. */
function pinnedSource(source: Source, pinned: ReadonlyMap<string, Descriptor>): Source {
  return {
    resolve: async (reference, options) => {
      const desc = pinned.get(formatReference(reference))
      return desc === undefined ? source.resolve(reference, options) : { name: reference, desc }
    },
    fetcher: (locator) => source.fetcher(locator),
    ...(source.referrers === undefined ? {} : { referrers: source.referrers.bind(source) }),
    ...(source.cosignTags === undefined ? {} : { cosignTags: source.cosignTags.bind(source) }),
  }
}
