import { forEachConcurrently, type Image, type Names, type Provider, type Withheld } from '@dist/content'
import { type DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import { isAttestation, neededBy } from '@dist/images'
import type { Descriptor } from '@dist/oci'

/**
 * Something that a store must keep: a published image, what another tool keeps there without a name, or an image that waits for its
 * repair.
 */
export interface Kept extends Pick<Image, 'desc' | 'selection' | 'referrers'> {
  readonly name?: string | undefined
  /** Whether it waits for its repair: its content need not be there. */
  readonly isWithheld?: boolean | undefined
}

/** The parts of a store that tell what it must keep. */
export interface KeepingStore {
  readonly content: Provider
  readonly names: Names
  readonly withheld: Pick<Withheld, 'list'>
}

/** A manifest that cannot be read: what it names, and so what the store must keep for it, is unknown. */
export interface UnknownContent {
  /** The image; undefined for what another tool keeps without a name. */
  readonly name: string | undefined
  readonly desc: Descriptor
  readonly error: DistError
}

export interface StoreNeedsOptions {
  signal?: AbortSignal | undefined
  /** Called for each manifest that cannot be read. */
  onUnknown: (unknown: UnknownContent) => void
  /** Whether to skip this image. Default: none is skipped. */
  skips?: ((kept: Kept) => boolean) | undefined
}

/** Images that are walked at the same time: each read of a bucket is a request. */
const concurrency = 32

/** Calls a function with each thing that a store must keep, and all that it needs. */
export async function forEachNeed(
  store: KeepingStore,
  options: StoreNeedsOptions,
  handle: (kept: Kept, needed: readonly Descriptor[]) => void,
): Promise<void> {
  const { signal, onUnknown, skips } = options
  await forEachConcurrently(keptIn(store), concurrency, async (kept) => {
    throwIfAborted(signal)
    if (skips?.(kept)) return
    const tell = (desc: Descriptor, error: DistError) => {
      // Archives leave attestations out, so that a store may lack them.
      const isExpected = kept.isWithheld === true || (isAttestation(desc) && isNotFound(error))
      if (!isExpected) onUnknown({ name: kept.name, desc, error })
    }
    handle(kept, await neededBy(kept, store.content, { unreadable: 'skip', onUnknown: tell, signal }))
  })
}

async function* keptIn({ names, withheld }: KeepingStore): AsyncIterable<Kept> {
  yield* names.list()
  for await (const image of withheld.list()) yield { ...image, isWithheld: true }
  if (names.others === undefined) return
  for await (const desc of names.others()) yield { desc, selection: 'all' }
}
