import { DistError, isNotFound } from '@dist/errdefs'
import { childrenHandler, walk } from '@dist/images'
import type { Descriptor, Digest } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import { Collection } from './collection.js'
import type { Documents } from './documents.js'
import { type ReferrersRequest, wantedTypes } from './referrers-request.js'
import type { Source } from './source.js'

export interface ReferrersOptions {
  /** Also take the manifests that refer to the image, if the source lists them. Default: none. */
  referrers?: ReferrersRequest | undefined
  /** Called with what could not be found out, one line each. It does not fail the image. */
  onRemark?: ((remark: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Levels of referrers: a signature of an SBOM of an image has two. */
const maxLevels = 4
/** As many as one manifest may name. */
const maxReferrers = 10_000
const concurrency = 8

const leftOut = 'what refers to it (signatures, SBOMs) is not known, and is left out'

/** Lists referrers at a source, each once, and collects why some could not be listed. */
export class ReferrerLister {
  readonly #unknown: { error: Error; unlisted: boolean }[] = []
  readonly #found = new Set<Digest>()

  constructor(
    private readonly reference: Reference,
    private readonly source: Source,
    private readonly options: ReferrersOptions,
  ) {}

  /**
   * The manifests that refer to a subject. None if they are not wanted or the source lists none. Throws `MALFORMED` for
   * more referrers than an image may have.
   */
  async list(subject: Digest): Promise<readonly Descriptor[]> {
    const { referrers, signal } = this.options
    const types = wantedTypes(referrers)
    if (types === undefined || this.source.referrers === undefined) return []
    const found = await this.source.referrers(this.reference, subject, {
      ...(types === 'all' ? {} : { artifactTypes: types }),
      signal,
      onUnknown: (error, about) => this.#unknown.push({ error, ...about }),
    })
    for (const { digest } of found) this.#found.add(digest)
    if (this.#found.size > maxReferrers) {
      const name = formatReference(this.reference)
      throw new DistError('MALFORMED', `${name}: more than ${maxReferrers} manifests refer to it`)
    }
    return found
  }

  /** Reports what could not be listed: one remark, however many subjects it concerns. */
  report(): void {
    // A source that lists some referrers keeps lists: a subject without a list has no referrers.
    const isListed = this.#found.size > 0
    const missed = this.#unknown.find(({ unlisted }) => !unlisted || !isListed)
    if (missed !== undefined) this.options.onRemark?.(`${leftOut}: ${missed.error.message}`)
  }
}

/** What `walkReferrers` starts from: an image whose manifests have been collected. */
export interface ReferredImage {
  readonly reference: Reference
  readonly root: Descriptor
  readonly collection: Collection
}

/**
 * Walks the manifests that refer to an image or to its parts, and those that refer to them. Adds them and all below them
 * to the collection. Resolves to the referrers, and to those of the root among them.
 */
export async function walkReferrers(
  { reference, root, collection }: ReferredImage,
  source: Source,
  documents: Documents,
  options: ReferrersOptions,
): Promise<{ referrers: Descriptor[]; ofRoot: Descriptor[] }> {
  const lister = new ReferrerLister(reference, source, options)
  const referrers: Descriptor[] = []
  let listedOfRoot: readonly Descriptor[] = []
  const list = async (subjects: readonly Descriptor[]) => {
    const lists = await Promise.all(subjects.map(({ digest }) => lister.list(digest)))
    return lists.flat().filter((desc) => !collection.has(desc))
  }
  await walk(
    async (desc, { depth = 0, signal }) => {
      if (depth === 0) {
        const listed = await list([desc])
        if (desc.digest === root.digest) listedOfRoot = listed
        return listed
      }
      const below = await contentOf(desc, documents, collection.options, signal)
      if (below === undefined) return []
      collection.merge(below)
      referrers.push(desc)
      return depth < maxLevels ? list(below.manifests) : []
    },
    collection.manifests,
    { concurrency, signal: options.signal },
  )
  lister.report()
  const taken = new Set(referrers.map(({ digest }) => digest))
  return { referrers, ofRoot: listedOfRoot.filter(({ digest }) => taken.has(digest)) }
}

/** A referrer with all below it. Undefined if it is listed and not there: lists that clients keep can be stale. */
async function contentOf(
  desc: Descriptor,
  documents: Documents,
  options: Collection['options'],
  signal: AbortSignal | undefined,
): Promise<Collection | undefined> {
  const collection = new Collection(options)
  try {
    await walk(collection.handler(childrenHandler(documents)), [desc], { concurrency, signal })
    return collection
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
