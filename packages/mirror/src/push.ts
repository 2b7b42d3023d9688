import type { Ingester } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Fetcher, Pusher } from '@dist/remotes'
import type { BlobTask, IngestOptions, Outcome } from './ingest.js'
import type { MountSources } from './mount-sources.js'
import { transferBlob } from './transfer.js'

/** A blob to send to a repository. */
export type PushTask = BlobTask & { readonly to: Locator }

export interface PushParts {
  readonly fetcher: Fetcher
  /** The pusher of the destination repository. */
  readonly pusher: Pusher
  readonly mountSources: MountSources
}

/**
 * Brings a blob into a repository: mounts it if another repository of the registry has it, or transfers and verifies it. A
 * mounted blob is `present`. Throws as `transferBlob`.
 */
export async function pushBlob(
  { desc, source, to, mountFrom, again = false }: PushTask,
  { fetcher, pusher, mountSources }: PushParts,
  options: IngestOptions = {},
): Promise<Outcome> {
  const { signal } = options
  const own = source.host === to.host ? source.repository : undefined
  const candidates = [mountSources.repositoryWith(desc.digest, to.host), mountFrom, own]
  const from = candidates.find((each) => each !== undefined && each !== to.repository)
  const mounted = !again && from !== undefined && (await pusher.mount(desc, from, { signal }))
  const ingester = again ? resendingIngester(pusher, desc) : pusher.ingester
  const outcome = mounted ? 'present' : await transferBlob(desc, { fetcher, ingester }, options)
  mountSources.add(to, desc.digest)
  return outcome
}

/** Each write sends the blob, even if the repository seems to have it. */
function resendingIngester(pusher: Pusher, desc: Descriptor): Ingester {
  return {
    writer: async (ref, expected, options) => {
      await pusher.forget(desc)
      return pusher.ingester.writer(ref, expected, options)
    },
  }
}
