import { forEachConcurrently, type Image, type Ledgers } from '@dist/content'
import { removeName, tagNamesOf } from '../cosign-names.js'
import type { PruneParts, PrunePlan } from './plan.js'

/** Names that are removed at the same time. */
const concurrency = 32

/**
 * Removes the names of a plan, and then forgets them in the ledger: after a crash in between, the next run finds them absent.
 * A name that the entry has selected again meanwhile stays. Content stays. Resolves to the images that were removed.
 */
export async function removePlanned(
  { entry, images, tags, absent }: PrunePlan,
  { ledgers, names }: PruneParts,
): Promise<readonly Image[]> {
  if (images.length + absent.length === 0) return []
  const unselected = await unselectedOf(entry, ledgers)
  const going = images.filter(({ name }) => unselected.has(name))
  const removed: Image[] = []
  await forEachConcurrently(going, concurrency, async (image) => {
    if (await removeName(image.name, names)) removed.push(image)
  })
  const unneeded = new Set(tags)
  const own = new Set(going.flatMap(tagNamesOf).filter((name) => unneeded.has(name)))
  await forEachConcurrently(own, concurrency, async (name) => void (await removeName(name, names)))
  await forget(entry, new Set([...going.map(({ name }) => name), ...absent]), ledgers)
  return removed.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function unselectedOf(entry: string, ledgers: Ledgers): Promise<ReadonlySet<string>> {
  const { names = [] } = (await ledgers.read(entry)) ?? {}
  const unselected = new Set<string>()
  for (const [name, since] of names) if (since !== undefined) unselected.add(name)
  return unselected
}

async function forget(entry: string, gone: ReadonlySet<string>, ledgers: Ledgers): Promise<void> {
  const ledger = await ledgers.read(entry)
  if (ledger === undefined) return
  const names = [...ledger.names].filter(([name, since]) => since === undefined || !gone.has(name))
  if (names.length < ledger.names.size) await ledgers.write({ entry, names: new Map(names) })
}
