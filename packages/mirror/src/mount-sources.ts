import type { Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'

/** A mirror of ten thousand images has about as many pairs of blob and repository. */
const defaultLimit = 100_000

/**
 * Records which repositories of a registry have a blob: the registry can mount it from there into another one without a
 * transfer. A record may be outdated: then the mount fails, and the blob is sent. Beyond the limit the blobs that were
 * recorded first are forgotten.
 */
export class MountSources {
  readonly #repositories = new Map<string, Set<string>>()
  #pairs = 0

  /** `limit`: pairs of blob and repository that are recorded. */
  constructor(private readonly limit: number = defaultLimit) {}

  add({ host, repository }: Locator, digest: Digest): void {
    const key = keyOf(host, digest)
    const repositories = this.#repositories.get(key) ?? new Set()
    if (repositories.has(repository)) return
    repositories.add(repository)
    this.#repositories.set(key, repositories)
    this.#pairs++
    for (const [oldest, forgotten] of this.#repositories) {
      if (this.#pairs <= this.limit) break
      this.#repositories.delete(oldest)
      this.#pairs -= forgotten.size
    }
  }

  has({ host, repository }: Locator, digest: Digest): boolean {
    return this.#repositories.get(keyOf(host, digest))?.has(repository) ?? false
  }

  /** A repository of the host that has the blob; the one that got it first. */
  repositoryWith(digest: Digest, host: string): string | undefined {
    const [first] = this.#repositories.get(keyOf(host, digest)) ?? []
    return first
  }
}

function keyOf(host: string, digest: Digest): string {
  return `${host} ${digest}`
}
