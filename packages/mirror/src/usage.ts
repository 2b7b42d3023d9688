import type { Store } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import { neededBy } from '@dist/images'
import { abandonedWrites } from './abandoned.js'
import { type Amount, add, none, type Sum } from './amount.js'
import { Owners, several } from './owners.js'
import { forEachNeed, type Kept, type UnknownContent } from './store-needs.js'
import { EntryCounts, type EntryUsage } from './usage-entries.js'

/** What one image takes. */
export interface ImageUsage {
  /** Undefined for what another tool keeps without a name. */
  readonly name: string | undefined
  /** Everything that it needs, as its manifests say. */
  readonly all: Amount
  /** Stored content that no other image needs. */
  readonly own: Sum
}

/** What a store takes. */
export interface StoreUsage {
  /** All stored content. */
  readonly total: Amount
  /** Content that images need, and of it that of several images. */
  readonly needed: Amount
  readonly shared: Amount
  /** Content that no image needs, of any age. */
  readonly reclaimable: Amount
  /** Writes that no process has open. */
  readonly abandoned: Amount
  readonly images: readonly ImageUsage[]
  /** Empty unless they were asked for. */
  readonly entries: readonly EntryUsage[]
  /** Manifests that cannot be read: what they name counts as reclaimable, and a collection of garbage deletes nothing. */
  readonly unknown: readonly UnknownContent[]
}

export interface UsageOptions {
  signal?: AbortSignal | undefined
  /** Whether to measure what the entries of mirror files need, too. It takes as much memory again. Default: false. */
  entries?: boolean | undefined
  onEvent?: ((event: UsageEvent) => void) | undefined
}

/** The progress: images that were read, then objects that were listed. */
export type UsageEvent = { readonly type: 'reading' | 'listing'; readonly count: number }

/** Measures which content of a store is needed by how many images. Uses about 60 bytes for each object. */
export async function measureUsage(
  store: Pick<Store, 'content' | 'names' | 'withheld' | 'ledgers'>,
  { signal, entries: wantsEntries = false, onEvent }: UsageOptions = {},
): Promise<StoreUsage> {
  const entries = wantsEntries ? await EntryCounts.open(store) : undefined
  const owners = new Owners()
  const images: ImageUsage[] = []
  const unknown: UnknownContent[] = []
  const onUnknown = (each: UnknownContent) => void unknown.push(each)
  await forEachNeed(store, { signal, onUnknown }, ({ name }, descs) => {
    const all = none()
    for (const { digest, size } of descs) {
      add(all, size)
      owners.claim(digest, images.length)
    }
    images.push({ name, all, own: none() })
    entries?.addImage(name, descs)
    onEvent?.({ type: 'reading', count: images.length })
  })
  const usage = { total: none(), needed: none(), shared: none(), reclaimable: none() }
  for await (const { digest, size } of store.content.walk()) {
    throwIfAborted(signal)
    add(usage.total, size)
    entries?.addStored(digest, size)
    onEvent?.({ type: 'listing', count: usage.total.objects })
    const owner = owners.of(digest)
    add(owner === undefined ? usage.reclaimable : usage.needed, size)
    if (owner === several) add(usage.shared, size)
    else if (owner !== undefined) addOwn(images[owner], size)
  }
  const abandoned = none()
  for (const { size } of await abandonedWrites(store)) add(abandoned, size)
  return { ...usage, abandoned, images, entries: entries?.usages() ?? [], unknown }
}

function addOwn(image: ImageUsage | undefined, size: number): void {
  if (image !== undefined) add(image.own, size)
}

/** The content that is needed by these images and no image of the store: what a collection of garbage can delete. */
export async function freedBy(
  removed: readonly Kept[],
  store: Pick<Store, 'content' | 'names' | 'withheld'>,
  { signal }: Pick<UsageOptions, 'signal'> = {},
): Promise<Amount> {
  const freed = new Map<string, number>()
  for (const kept of removed)
    for (const { digest, size } of await neededBy(kept, store.content, { unreadable: 'skip', signal }))
      freed.set(digest, size)
  await forEachNeed(store, { signal, onUnknown: () => {} }, (_, descs) => {
    for (const { digest } of descs) freed.delete(digest)
  })
  const sum = none()
  for (const size of freed.values()) add(sum, size)
  return sum
}
