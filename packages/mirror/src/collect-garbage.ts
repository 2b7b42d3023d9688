import type { Collection, Store, Swept } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import { type Digest, DigestTable } from '@dist/oci'
import { abandonedWrites } from './abandoned.js'
import { type Amount, add, none, type Sum } from './amount.js'
import { forEachNeed, type KeepingStore, type Kept, type UnknownContent } from './store-needs.js'

export interface GarbageOptions {
  /** Milliseconds: younger content and younger writes are kept. */
  grace: number
  /** Delete nothing, and tell no process. Default: false. */
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
  onEvent?: ((event: GarbageEvent) => void) | undefined
  /** Called with what the kind of store cannot find. */
  onRemark?: ((remark: string) => void) | undefined
}

/** The progress of a collection. */
export type GarbageEvent =
  /** Processes that publish to the store do not know of the collection yet. */
  | { readonly type: 'waiting'; readonly processes: number }
  /** `names`: how many images have been read. */
  | { readonly type: 'reading'; readonly names: number }
  /** `objects`: how many objects have been listed. */
  | { readonly type: 'listing'; readonly objects: number }
  /** Content was deleted, or would be. `done`: of `total` objects. */
  | {
      readonly type: 'deleted'
      readonly digest: Digest
      readonly size: number
      readonly done: number
      readonly total: number
    }

export interface GarbageOutcome {
  /** Images of the store, with those that other tools keep there without a name. */
  readonly images: number
  /** What was deleted, or would be. */
  readonly deleted: Amount
  /** What no image needs, and is kept: it is too young, or on its way into an image. */
  readonly young: Amount
  /** What images need. */
  readonly needed: Amount
  /** Abandoned writes that were discarded, or would be. */
  readonly abandoned: readonly Swept[]
  /** Manifests that cannot be read: no content was deleted. */
  readonly unknown: readonly UnknownContent[]
}

/** The parts of a store whose garbage is collected. */
export type GarbageStore = Pick<Store, 'content' | 'names' | 'withheld' | 'sweep' | 'collect'>

/** The most objects of one deletion. */
const batchSize = 1000

/**
 * Deletes content that no image needs and that is older than `grace`, and abandoned writes. Safe beside processes that pull, import
 * or collect garbage: what they publish stays whole. If a manifest that an image needs cannot be read, no content is deleted.
 */
export async function collectGarbage(store: GarbageStore, options: GarbageOptions): Promise<GarbageOutcome> {
  const { grace, dryRun = false, signal, onEvent, onRemark } = options
  if (dryRun) {
    const found = await findGarbage(store, new Date(Date.now() + 1 - grace), options)
    const abandoned = await abandonedWrites(store, Date.now() - grace)
    for (const [i, size] of found.sizes.entries()) tell(found, i, size, onEvent)
    return { ...outcomeOf(found), abandoned }
  }
  const collection = await store.collect()
  try {
    const onWait = (processes: number) => onEvent?.({ type: 'waiting', processes })
    const { now, before } = await collection.awaitPublishers({ signal, onWait })
    const until = new Date(Math.min(before.getTime(), now.getTime() + 1 - grace))
    const found = await findGarbage(store, until, options)
    if (found.unknown.length === 0) await deleteFound(found, store, collection, options)
    const abandoned = await store.sweep(now.getTime() - until.getTime(), onRemark)
    return { ...outcomeOf(found), abandoned }
  } finally {
    await collection.end({ signal })
  }
}

/** What a collection has found. */
interface Found {
  images: number
  readonly needed: DigestTable
  readonly garbage: DigestTable
  /** By index in `garbage`. */
  readonly sizes: number[]
  readonly unknown: UnknownContent[]
  readonly amounts: Record<'deleted' | 'young' | 'needed', Sum>
}

/** Finds the content that no image needs and that was committed before a time. */
async function findGarbage(
  store: Pick<GarbageStore, 'content' | 'names' | 'withheld'>,
  before: Date,
  { signal, onEvent }: GarbageOptions,
): Promise<Found> {
  const found = newFound()
  await readNames(store, found, { signal, onEvent })
  const { needed, garbage, amounts, unknown } = found
  let objects = 0
  for await (const { digest, size, committedAt } of store.content.walk()) {
    throwIfAborted(signal)
    onEvent?.({ type: 'listing', objects: ++objects })
    if (needed.has(digest)) add(amounts.needed, size)
    else if (committedAt < before && unknown.length === 0) found.sizes[garbage.add(digest)] = size
    else add(amounts.young, size)
  }
  return found
}

function newFound(): Found {
  return {
    images: 0,
    needed: new DigestTable(),
    garbage: new DigestTable(),
    sizes: [],
    unknown: [],
    amounts: { deleted: none(), young: none(), needed: none() },
  }
}

async function readNames(
  store: KeepingStore,
  found: Found,
  { signal, onEvent }: Pick<GarbageOptions, 'signal' | 'onEvent'>,
): Promise<void> {
  const seen = new Set<string>()
  const skips = (kept: Kept) => {
    onEvent?.({ type: 'reading', names: ++found.images })
    const key = keyOf(kept)
    if (seen.has(key)) return true
    seen.add(key)
    return false
  }
  const onUnknown = (unknown: UnknownContent) => void found.unknown.push(unknown)
  await forEachNeed(store, { signal, onUnknown, skips }, (_, descs) => {
    for (const { digest } of descs) found.needed.add(digest)
  })
}

/** Names with the same key need the same content. */
function keyOf({ desc, selection, referrers }: Kept): string {
  const attached = referrers?.manifests.map(({ digest }) => digest) ?? []
  return [desc.digest, selection === 'all' ? 'all' : selection.join(','), ...attached].join(' ')
}

/** Deletes what was found, in steps: publications wait for the end of a step. */
async function deleteFound(
  found: Found,
  { content }: Pick<GarbageStore, 'content'>,
  collection: Collection,
  { signal, onEvent }: GarbageOptions,
): Promise<void> {
  const { garbage, sizes, amounts } = found
  for (let next = 0; next < garbage.size; ) {
    await collection.sweep(async (announced, mayGoOn) => {
      while (next < garbage.size && mayGoOn()) {
        throwIfAborted(signal)
        const batch = indexes(next, Math.min(garbage.size, next + batchSize))
        next += batch.length
        const going = batch.filter((i) => !announced.has(garbage.at(i)))
        await content.remove(going.map((i) => garbage.at(i)))
        for (const i of going) tell(found, i, sizes[i] ?? 0, onEvent)
        const kept = new Set(going)
        for (const i of batch) if (!kept.has(i)) add(amounts.young, sizes[i] ?? 0)
      }
    })
  }
}

function indexes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function tell(found: Found, index: number, size: number, onEvent: GarbageOptions['onEvent']): void {
  const { garbage, amounts } = found
  add(amounts.deleted, size)
  onEvent?.({
    type: 'deleted',
    digest: garbage.at(index),
    size,
    done: amounts.deleted.objects,
    total: garbage.size,
  })
}

function outcomeOf({ images, amounts, unknown }: Found): Omit<GarbageOutcome, 'abandoned'> {
  return { images, ...amounts, unknown }
}
