import type { Descriptor } from '@dist/oci'
import { formatReference } from '@dist/reference'
import { type EngineDependencies, type EngineOptions, mirrorImages } from './embedded.js'
import type { Source } from './source.js'
import type { ImageTask } from './task.js'
import type { BadContent } from './verify-content.js'
import { type RepairEvent, type RepairedStore, repairTask, setBadAside, withholdImages } from './withhold.js'

/** An image whose content was fetched again, and that is published again. With an error it stays unpublished. */
export interface Repaired {
  readonly name: string
  readonly error?: unknown
}

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
  const withheld = await withholdImages(bad, store, onRepair)
  await setBadAside(bad, store, onRepair)
  const tasks: ImageTask[] = []
  const pinned = new Map<string, Descriptor>()
  for (const image of withheld) {
    try {
      tasks.push(repairTask(image))
      pinned.set(image.name, image.desc)
    } catch (error) {
      yield { name: image.name, error }
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
