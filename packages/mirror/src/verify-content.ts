import { forEachConcurrently, has, type Image, type Manager, type Names, type Provider } from '@dist/content'
import { type Code, DistError, throwIfAborted } from '@dist/errdefs'
import { neededBy } from '@dist/images'
import { type Digest, isForeignLayerType } from '@dist/oci'
import { type Need, needsOf } from './needs.js'
import { type BadContentState, type ContentState, type VerifyBlobOptions, verifyBlob } from './verify.js'

/** The parts of a store that are verified. */
export interface VerifiedStore {
  readonly content: Provider & Pick<Manager, 'find' | 'walk'>
  readonly names: Pick<Names, 'list'>
}

/** Content to verify: the number of bytes by digest; 0 for missing content. */
export type ContentSizes = ReadonlyMap<Digest, number>

export interface ContentOptions {
  /** Verify only what these images need. Default: all content of the store, and what its images need. */
  images?: readonly Image[] | undefined
  signal?: AbortSignal | undefined
}

/** Images that are walked at the same time. */
const concurrentImages = 16

/** The content to verify, each digest once. Without foreign layers that are not stored. */
export async function contentToVerify(
  { content, names }: VerifiedStore,
  { images, signal }: ContentOptions = {},
): Promise<ContentSizes> {
  const sizes = new Map<Digest, number>()
  if (images === undefined) {
    for await (const { digest, size } of content.walk()) {
      throwIfAborted(signal)
      sizes.set(digest, size)
    }
  }
  const options = {
    unreadable: 'skip' as const,
    stored: content,
    signal,
  }
  await forEachConcurrently(images ?? names.list(), concurrentImages, async (image) => {
    for (const desc of await neededBy(image, content, options)) {
      if (sizes.has(desc.digest)) continue
      if (isForeignLayerType(desc.mediaType) && !(await has(content, desc))) continue
      sizes.set(desc.digest, images === undefined ? 0 : desc.size)
    }
  })
  return sizes
}

/** The progress of a verification. Best effort: nothing depends on events. */
export type VerifyEvent =
  /** All content that will be verified. */
  | { readonly type: 'planned'; readonly content: ContentSizes }
  /** `offset`: bytes that have been read. */
  | { readonly type: 'reading'; readonly digest: Digest; readonly offset: number }
  | { readonly type: 'verified'; readonly digest: Digest; readonly found: ContentState }

export interface VerifyOptions extends ContentOptions {
  /** Blobs at the same time. Default: 8. */
  concurrency?: number | undefined
  /** Verifies one blob. Default: `verifyBlob`. */
  verify?: ((digest: Digest, options: VerifyBlobOptions) => Promise<ContentState>) | undefined
  onEvent?: ((event: VerifyEvent) => void) | undefined
}

/** Content that is missing, damaged or unreadable. */
export interface BadContent {
  readonly digest: Digest
  readonly found: BadContentState
  /** Expected bytes; undefined if no image names it. */
  readonly size?: number | undefined
  /** All images of the store that need it, sorted; undefined if the verification stopped before that was known. */
  readonly images?: readonly string[] | undefined
}

export interface VerifyOutcome {
  /** Objects that were verified, `bad` included. */
  readonly objects: number
  /** Bytes that were read. */
  readonly bytes: number
  readonly bad: readonly BadContent[]
  /** Why the verification stopped: the signal, or an outage of the store. */
  readonly stopped?: DistError | undefined
}

/**
 * Verifies stored content and names the images that bad content affects. What an unreadable manifest names is unknown.
 * Content that is deleted at the same time is not bad. Throws if the store cannot list its content.
 */
export async function verifyContent(
  store: VerifiedStore,
  options: VerifyOptions = {},
): Promise<VerifyOutcome> {
  const { onEvent } = options
  const content = await contentToVerify(store, options)
  onEvent?.({ type: 'planned', content })
  const tally = new VerifyTally()
  const stopped = await unlessStopped(() =>
    verifyAll(content, store, options, (digest, found) => {
      onEvent?.({ type: 'verified', digest, found })
      tally.add(digest, found)
    }),
  )
  if (stopped instanceof DistError) return { ...tally.outcome(), stopped }
  const needs = await unlessStopped(() => badNeeds(tally, store, options))
  return needs instanceof DistError ? { ...tally.outcome(), stopped: needs } : tally.outcome(needs)
}

/** The result, or the error that stopped the work: what was verified before is reported all the same. */
async function unlessStopped<T>(work: () => Promise<T>): Promise<T | DistError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DistError) return error
    throw error
  }
}

async function badNeeds(
  { badDigests }: VerifyTally,
  store: VerifiedStore,
  { signal }: VerifyOptions,
): Promise<ReadonlyMap<Digest, Need>> {
  if (badDigests.size === 0) return new Map()
  return needsOf(badDigests, store, { unreadable: 'skip', signal })
}

async function verifyAll(
  content: ContentSizes,
  store: VerifiedStore,
  options: VerifyOptions,
  onState: (digest: Digest, found: ContentState) => void,
): Promise<void> {
  const { concurrency = 8, signal, onEvent } = options
  const verify =
    options.verify ?? ((digest, blobOptions) => verifyBlob({ digest }, store.content, blobOptions))
  const outage = new OutageWatch(onState)
  const given = { signal }
  try {
    await forEachConcurrently(content.keys(), concurrency, async (digest) => {
      throwIfAborted(signal)
      const onProgress = (offset: number) => onEvent?.({ type: 'reading', digest, offset })
      outage.add(digest, await verify(digest, { onProgress, ...given }))
    })
  } finally {
    if (!outage.isOutage) outage.pass()
  }
}

/** After so many consecutive failures the store is considered unavailable. */
const outageThreshold = 16
const outageCodes: readonly Code[] = ['UNAVAILABLE', 'UNAUTHENTICATED', 'PERMISSION_DENIED']

/** Holds back states that may come from an outage of the store, until another state follows. */
class OutageWatch {
  /** Whether there is an outage. */
  isOutage = false
  #held: [Digest, ContentState][] = []

  constructor(private readonly onState: (digest: Digest, found: ContentState) => void) {}

  /** Throws the error of the store at an outage. */
  add(digest: Digest, found: ContentState): void {
    if (this.isOutage) return
    this.#held.push([digest, found])
    if (found.state !== 'unreadable' || !outageCodes.includes(found.code)) {
      this.pass()
    } else if (this.#held.length >= outageThreshold) {
      this.isOutage = true
      throw new DistError(found.code, found.message)
    }
  }

  pass(): void {
    for (const [digest, found] of this.#held.splice(0)) this.onState(digest, found)
  }
}

/** Counts states, and keeps those of bad content. */
class VerifyTally {
  #objects = 0
  #bytes = 0
  readonly #bad = new Map<Digest, BadContentState>()

  get badDigests(): ReadonlySet<Digest> {
    return new Set(this.#bad.keys())
  }

  add(digest: Digest, found: ContentState): void {
    this.#objects++
    if ('size' in found) this.#bytes += found.size
    if (found.state !== 'right') this.#bad.set(digest, found)
  }

  /** `needs`: which images need the bad content; undefined if unknown. */
  outcome(needs?: ReadonlyMap<Digest, Need>): Omit<VerifyOutcome, 'stopped'> {
    const bad: BadContent[] = []
    let gone = 0
    for (const [digest, found] of this.#bad) {
      const need = needs?.get(digest)
      if (need !== undefined) bad.push({ digest, found, size: need.desc.size, images: need.images })
      else if (needs === undefined) bad.push({ digest, found })
      // Deleted during the verification; no image needs it.
      else if (found.state === 'missing') gone++
      else bad.push({ digest, found, images: [] })
    }
    return { objects: this.#objects - gone, bytes: this.#bytes, bad }
  }
}
