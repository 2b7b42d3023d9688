import { DistError, isCanceled, throwIfAborted } from '@dist/errdefs'
import { formatLocator, isDigestTag, type Locator } from '@dist/reference'
import { listTags } from '../listing/tags.js'
import type { RepositoryContext } from '../repository.js'

/** Milliseconds. A run needs the list for all images of a repository; a later signature must be found. */
const lifetimeMs = 120_000
/** Tags of all repositories together. */
const maxKnown = 500_000
/** A longer list costs more than a request for each tag, for a few images. */
const maxPages = 20

interface Known {
  /** Undefined: the repository cannot be listed. */
  readonly tags: Promise<Set<string> | undefined>
  readonly until: number
}

/** The tags that are named after digests, by repository, for a short time. */
export class KnownDigestTags {
  readonly #known = new Map<string, Known>()
  #count = 0

  /** The tags of a repository, from `list` if they are not known. Undefined: it cannot be listed. */
  async of(
    locator: Locator,
    list: () => Promise<Set<string> | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlySet<string> | undefined> {
    for (;;) {
      throwIfAborted(signal)
      const known = this.#find(locator) ?? this.#set(locator, list())
      try {
        return await known.tags
      } catch (error) {
        // The signal of another caller has ended the list.
        if (!isCanceled(error)) throw error
      }
    }
  }

  /** Records the complete list of a repository. */
  record(locator: Locator, tags: Set<string>): void {
    this.#set(locator, Promise.resolve(tags))
  }

  /** Adds a tag that was put. */
  add(locator: Locator, tag: string): void {
    if (isDigestTag(tag))
      void this.#find(locator)
        ?.tags.then((tags) => tags?.add(tag))
        .catch(() => {})
  }

  #find(locator: Locator): Known | undefined {
    const known = this.#known.get(formatLocator(locator))
    return known !== undefined && known.until > performance.now() ? known : undefined
  }

  #set(locator: Locator, tags: Known['tags']): Known {
    const key = formatLocator(locator)
    const known = { tags, until: performance.now() + lifetimeMs }
    this.#known.set(key, known)
    const count = async () => this.#counted((await tags)?.size ?? 0, key, known)
    count().catch(() => {
      if (this.#known.get(key) === known) this.#known.delete(key)
    })
    return known
  }

  #counted(size: number, key: string, known: Known): void {
    this.#count += size + 1
    if (this.#count <= maxKnown) return
    this.#known.clear()
    this.#known.set(key, known)
    this.#count = size + 1
  }
}

/**
 * The tags of a repository that are named after digests: one listing serves all images of the repository, for two minutes.
 * Undefined if it cannot be listed or the list has too many pages: then each tag has to be asked for.
 */
export function digestTagsOf(
  repository: RepositoryContext,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const { locator, memory } = repository
  return memory.digestTags.of(locator, () => read(repository, signal), signal)
}

async function read(
  repository: RepositoryContext,
  signal: AbortSignal | undefined,
): Promise<Set<string> | undefined> {
  try {
    const found = new Set<string>()
    for await (const tag of listTags(repository, { signal, maxPages, optional: true }))
      if (isDigestTag(tag)) found.add(tag)
    return found
  } catch (error) {
    if (!(error instanceof DistError) || isCanceled(error)) throw error
    return undefined
  }
}
