import type { Ingester } from '@dist/content'
import type { Descriptor, Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Fetcher, Pusher } from '@dist/remotes'
import type { BlobTask, IngestOptions, Outcome } from './ingest.js'
import { transferBlob } from './transfer.js'

/** As many places of blobs as a mirror of ten thousand images has. */
const remembered = 100_000

/**
 * Remembers which repositories of a registry hold a blob: what one of them has, another can be given without a
 * transfer. That it may be gone meanwhile costs a question. The blobs that were met first are forgotten first.
 */
export class MountSources {
  readonly #repositories = new Map<string, Set<string>>()
  #places = 0

  /** `limit`: places that are remembered. */
  constructor(private readonly limit: number = remembered) {}

  add({ host, repository }: Locator, digest: Digest): void {
    const key = keyOf(host, digest)
    const repositories = this.#repositories.get(key) ?? new Set()
    if (repositories.has(repository)) return
    repositories.add(repository)
    this.#repositories.set(key, repositories)
    this.#places++
    for (const [oldest, places] of this.#repositories) {
      if (this.#places <= this.limit) break
      this.#repositories.delete(oldest)
      this.#places -= places.size
    }
  }

  has({ host, repository }: Locator, digest: Digest): boolean {
    return this.#repositories.get(keyOf(host, digest))?.has(repository) ?? false
  }

  /** A repository of the host that got the blob. */
  repositoryWith(digest: Digest, host: string): string | undefined {
    const [first] = this.#repositories.get(keyOf(host, digest)) ?? []
    return first
  }
}

function keyOf(host: string, digest: Digest): string {
  return `${host} ${digest}`
}

/** A blob that goes to a repository. */
export type PushTask = BlobTask & { readonly to: Locator }

export interface PushParts {
  readonly fetcher: Fetcher
  /** Of the repository that the task names. */
  readonly pusher: Pusher
  readonly mountSources: MountSources
}

/**
 * Brings a blob into a repository of a registry: has it mounted where another repository there holds it, else
 * transfers it through verification. A mounted blob is `present`. Throws as `transferBlob`.
 */
export async function pushBlob(
  { desc, source, to, mountFrom, again = false }: PushTask,
  { fetcher, pusher, mountSources }: PushParts,
  options: IngestOptions = {},
): Promise<Outcome> {
  const { signal } = options
  const own = source.host === to.host ? source.repository : undefined
  const holders = [mountSources.repositoryWith(desc.digest, to.host), mountFrom, own]
  const from = holders.find((holder) => holder !== undefined && holder !== to.repository)
  const mounted = !again && from !== undefined && (await pusher.mount(desc, from, { signal }))
  const ingester = again ? forgetting(pusher, desc) : pusher.ingester
  const outcome = mounted ? 'present' : await transferBlob(desc, { fetcher, ingester }, options)
  mountSources.add(to, desc.digest)
  return outcome
}

/** Has each write send the blob, whatever the repository says of it. */
function forgetting(pusher: Pusher, desc: Descriptor): Ingester {
  return {
    writer: async (ref, expected, options) => {
      await pusher.forget(desc)
      return pusher.ingester.writer(ref, expected, options)
    },
  }
}
