import type { Digest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Fetcher, Pusher } from '@dist/remotes'
import type { BlobTask, IngestOptions } from './ingest.js'
import { transferBlob } from './transfer.js'

/** A registry that fails in the middle of an upload is worth so many in all: the source is read again for each. */
const uploads = 4

/** As many blobs as a mirror of ten thousand images has. */
const remembered = 100_000

/**
 * Remembers which repository of a registry holds a blob: what one of them has, another can be given without a
 * transfer. That it may be gone meanwhile costs a question.
 */
export class Holdings {
  readonly #repositories = new Map<string, string>()

  add({ host, repository }: Locator, digest: Digest): void {
    const key = `${host} ${digest}`
    if (this.#repositories.size >= remembered && !this.#repositories.has(key)) {
      const [oldest] = this.#repositories.keys()
      if (oldest !== undefined) this.#repositories.delete(oldest)
    }
    this.#repositories.set(key, repository)
  }

  /** The repository that got the blob last. */
  repositoryWith(digest: Digest, host: string): string | undefined {
    return this.#repositories.get(`${host} ${digest}`)
  }
}

/** A blob that goes to a repository. */
export type PushTask = BlobTask & { readonly to: Locator }

export interface PushParts {
  readonly fetcher: Fetcher
  /** Of the repository that the task names. */
  readonly pusher: Pusher
  readonly holdings: Holdings
}

/**
 * Brings a blob into a repository of a registry: has it mounted where another repository there holds it, else
 * transfers it through verification. Resolves to whether it was transferred. Throws as `transferBlob`.
 */
export async function pushBlob(
  { desc, source, to }: PushTask,
  { fetcher, pusher, holdings }: PushParts,
  options: IngestOptions = {},
): Promise<boolean> {
  const { signal } = options
  const known = holdings.repositoryWith(desc.digest, to.host)
  const from = known ?? (source.host === to.host ? source.repository : undefined)
  const mountable = from !== undefined && from !== to.repository
  const mounted = mountable && (await pusher.mount(desc, from, signal === undefined ? {} : { signal }))
  const parts = { fetcher, ingester: pusher.ingester }
  const transferred = mounted ? undefined : await transferBlob(desc, parts, { ...options, writes: uploads })
  holdings.add(to, desc.digest)
  return transferred !== undefined
}
