import { isNotFound } from '@dist/errdefs'
import { childrenHandler, walk } from '@dist/images'
import type { Descriptor } from '@dist/oci'
import type { Reference } from '@dist/reference'
import type { CosignTag } from '@dist/remotes'
import { type Attached, nothingAttached } from './attached.js'
import { AttachedLister, type ReferrersOptions } from './attached-lister.js'
import { Collection } from './collection.js'
import type { Documents } from './documents.js'
import type { Source } from './source.js'

export interface WalkAttachedOptions extends ReferrersOptions {
  /** What the target has recorded of an image that is published: it is taken as well. Default: nothing. */
  recorded?: Attached | undefined
  /** Whether the source is asked. Default: true. */
  ask?: boolean | undefined
}

/** What is attached to an image. */
export interface WalkedAttached extends Attached {
  /** The part that belongs to the root. */
  readonly ofRoot: Attached
  /** Whether the source has answered all that was asked. */
  readonly isKnown: boolean
}

/** Levels of referrers: a signature of an SBOM of an image has two. */
const maxLevels = 4
const concurrency = 8

/** What `walkAttached` starts from: an image whose manifests have been collected. */
export interface ReferredImage {
  readonly reference: Reference
  readonly root: Descriptor
  readonly collection: Collection
}

/**
 * Walks the manifests that refer to an image or to its parts, those that refer to them, and the manifests under cosign's
 * tags for the image and its parts. Adds them and all below them to the collection.
 */
export async function walkAttached(
  image: ReferredImage,
  source: Source,
  documents: Documents,
  options: WalkAttachedOptions,
): Promise<WalkedAttached> {
  const { recorded = nothingAttached, ask = true } = options
  const walker = new AttachedWalker(image, source, documents, options)
  if (ask) await walker.askFor()
  await walker.take(recorded)
  return walker.result()
}

class AttachedWalker {
  readonly #lister: AttachedLister
  readonly #referrers: Descriptor[] = []
  readonly #tags = new Map<string, CosignTag>()
  #referrersOfRoot: readonly Descriptor[] = []

  constructor(
    private readonly image: ReferredImage,
    source: Source,
    private readonly documents: Documents,
    private readonly options: ReferrersOptions,
  ) {
    this.#lister = new AttachedLister(image.reference, source, options)
  }

  /** Asks the source for what is attached, and takes it. */
  async askFor(): Promise<void> {
    if (!this.#lister.isWanted) return
    const { root, collection } = this.image
    const parts = [...collection.manifests]
    const tags = this.#lister.cosignTags(parts.map(({ digest }) => digest))
    // Awaited below: a failure of the walk must not leave it unhandled.
    tags.catch(() => {})
    await walk(
      async (desc, { depth = 0, signal }) => {
        if (depth === 0) {
          const listed = await this.#list([desc])
          if (desc.digest === root.digest) this.#referrersOfRoot = listed
          return listed
        }
        const below = await this.#takeOne(desc, signal)
        if (below === undefined) return []
        this.#referrers.push(desc)
        return depth < maxLevels ? this.#list(below.manifests) : []
      },
      parts,
      { concurrency, signal: this.options.signal },
    )
    await this.#takeTags(await tags)
    this.#lister.report()
  }

  /** Takes what is known to be attached. */
  async take({ referrers, tags }: Attached): Promise<void> {
    const others = referrers.filter((desc) => !this.image.collection.has(desc))
    const taken = await Promise.all(others.map((desc) => this.#takeOne(desc, this.options.signal)))
    this.#referrers.push(...others.filter((_, i) => taken[i] !== undefined))
    await this.#takeTags(tags.filter(({ tag }) => !this.#tags.has(tag)))
  }

  result(): WalkedAttached {
    const { root } = this.image
    const taken = new Set(this.#referrers.map(({ digest }) => digest))
    const tags = [...this.#tags.values()]
    return {
      referrers: this.#referrers,
      tags,
      ofRoot: {
        referrers: this.#referrersOfRoot.filter(({ digest }) => taken.has(digest)),
        tags: tags.filter(({ subject }) => subject === root.digest),
      },
      isKnown: this.#lister.unknown === undefined,
    }
  }

  async #list(subjects: readonly Descriptor[]): Promise<Descriptor[]> {
    const lists = await Promise.all(subjects.map(({ digest }) => this.#lister.referrers(digest)))
    return lists.flat().filter((desc) => !this.image.collection.has(desc))
  }

  async #takeTags(tags: readonly CosignTag[]): Promise<void> {
    const taken = await Promise.all(tags.map(({ desc }) => this.#takeOne(desc, this.options.signal)))
    for (const [i, tag] of tags.entries()) if (taken[i] !== undefined) this.#tags.set(tag.tag, tag)
  }

  /**
   * Collects a manifest and all below it. Undefined if it is listed and not there: lists that clients keep can be stale, and
   * tags can move.
   */
  async #takeOne(desc: Descriptor, signal: AbortSignal | undefined): Promise<Collection | undefined> {
    const { collection } = this.image
    const below = new Collection(collection.options)
    try {
      await walk(below.handler(childrenHandler(this.documents)), [desc], { concurrency, signal })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
    collection.merge(below)
    return below
  }
}
