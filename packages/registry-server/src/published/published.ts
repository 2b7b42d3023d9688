import { scanNames } from '@dist/content'
import { PublishedRepository, type RepositoryParts } from './repository.js'

/** The memory of all repositories is looked at after so many milliseconds, and when there are so many more of them. */
const evictMs = 5_000
const evictCount = 5_000

/**
 * What is published, repository by repository, as far as it was asked for. Bounded: the repositories that were not asked for longest
 * are dropped first.
 */
export class Published {
  /** What was asked for last comes last. */
  readonly #repositories = new Map<string, PublishedRepository>()
  #catalog: { readonly names: readonly string[]; readonly at: number } | undefined
  #scanning: Promise<readonly string[]> | undefined
  #evicted = { at: Number.NEGATIVE_INFINITY, left: 0 }

  constructor(
    private readonly parts: RepositoryParts,
    private readonly maxBytes: number,
  ) {}

  repository(name: string): PublishedRepository {
    const repository = this.#repositories.get(name) ?? new PublishedRepository(name, this.parts)
    this.#repositories.delete(name)
    this.#repositories.set(name, repository)
    this.#evict()
    return repository
  }

  /** All repositories that have names, in the order of their bytes, by a scan that is at most `refresh` old. */
  async repositories(): Promise<readonly string[]> {
    const { now, refresh } = this.parts
    if (this.#catalog !== undefined && now() - this.#catalog.at < refresh) return this.#catalog.names
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = undefined
    })
    return await this.#scanning
  }

  /** A name has changed; without one, any may have. */
  changed(name?: string): void {
    this.#catalog = undefined
    if (name === undefined) for (const each of this.#repositories.values()) each.changed()
    else this.#repositories.get(repositoryOf(name))?.changed(name)
  }

  async #scan(): Promise<readonly string[]> {
    const at = this.parts.now()
    const found = new Set<string>()
    for await (const { name } of scanNames(this.parts.names, '')) found.add(repositoryOf(name))
    const names = [...found].sort()
    this.#catalog = { names, at }
    return names
  }

  #evict(): void {
    const now = this.parts.now()
    const { at, left } = this.#evicted
    if (now - at < evictMs && this.#repositories.size < left + evictCount) return
    let bytes = 0
    for (const each of this.#repositories.values()) bytes += each.cost
    for (const [name, each] of this.#repositories) {
      if (bytes <= this.maxBytes || this.#repositories.size === 1) break
      this.#repositories.delete(name)
      bytes -= each.cost
    }
    this.#evicted = { at: now, left: this.#repositories.size }
  }
}

/** The repository of a name: what is before its tag or its digest. */
function repositoryOf(name: string): string {
  const at = name.indexOf('@')
  return at >= 0 ? name.slice(0, at) : name.slice(0, name.lastIndexOf(':'))
}
