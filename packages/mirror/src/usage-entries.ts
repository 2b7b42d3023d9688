import type { Store } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import { type Amount, add, none, type Sum } from './amount.js'
import { Owners, several } from './owners.js'
import { forEachNeed, type UnknownContent } from './store-needs.js'
import type { UsageOptions } from './usage.js'

/** What the images of an entry of a mirror file take. */
export interface EntryUsage {
  /** Undefined: all images of which no entry has a ledger. */
  readonly entry: string | undefined
  readonly images: number
  /** Everything that they need, as their manifests say. */
  readonly all: Amount
  /** Stored content that no image of another entry needs. */
  readonly own: Amount
}

/** What the entries take whose ledgers a store has. */
export interface EntriesUsage {
  readonly entries: readonly EntryUsage[]
  /** Manifests that cannot be read: what they name is not counted. */
  readonly unknown: readonly UnknownContent[]
}

interface Group {
  readonly entry: string | undefined
  images: number
  readonly all: Sum
  readonly own: Sum
  /** The content that is counted in `all`. */
  readonly counted: Set<number>
}

/** Measures what the images of each entry need. An image that several entries have published belongs to each of them. */
export async function measureEntries(
  store: Pick<Store, 'content' | 'names' | 'withheld' | 'ledgers'>,
  { signal, onEvent }: UsageOptions = {},
): Promise<EntriesUsage> {
  const groups = [newGroup(undefined)]
  const groupsOf = await readLedgers(store, groups)
  const owners = new Owners()
  const unknown: UnknownContent[] = []
  let images = 0
  const onUnknown = (each: UnknownContent) => void unknown.push(each)
  await forEachNeed(store, { signal, onUnknown }, ({ name = '' }, descs) => {
    for (const index of groupsOf.get(name) ?? [0]) {
      const group = groups[index] ?? newGroup(undefined)
      group.images++
      for (const { digest, size } of descs) {
        const content = owners.claim(digest, index)
        if (!group.counted.has(content)) add(group.all, size)
        group.counted.add(content)
      }
    }
    onEvent?.({ type: 'reading', count: ++images })
  })
  let objects = 0
  for await (const { digest, size } of store.content.walk()) {
    throwIfAborted(signal)
    onEvent?.({ type: 'listing', count: ++objects })
    const owner = owners.of(digest) ?? several
    const group = owner === several ? undefined : groups[owner]
    if (group !== undefined) add(group.own, size)
  }
  const found = groups.filter(({ entry, images: count }) => entry !== undefined || count > 0)
  return { entries: found.map(({ counted: _, ...usage }) => usage), unknown }
}

/** Adds a group for each ledger. Resolves to the groups of each name. */
async function readLedgers(
  { ledgers }: Pick<Store, 'ledgers'>,
  groups: Group[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const groupsOf = new Map<string, number[]>()
  for await (const { entry, names } of ledgers.list()) {
    const index = groups.push(newGroup(entry)) - 1
    for (const name of names.keys()) groupsOf.set(name, [...(groupsOf.get(name) ?? []), index])
  }
  return groupsOf
}

function newGroup(entry: string | undefined): Group {
  return { entry, images: 0, all: none(), own: none(), counted: new Set() }
}
