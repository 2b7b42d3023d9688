import { Serial } from './push/serial.js'
import type { Upload } from './push/upload.js'
import { KnownDigestTags } from './referrers/digest-tags.js'
import { KnownNoLists } from './referrers/known.js'

/** What a client remembers between the operations on its repositories. */
export interface Memory {
  /** Uploads that registries opened instead of a mount, by `PushTarget.key`. The next write of the blob continues them. */
  readonly uploads: Map<string, Upload>
  /** Blobs that were missing at the last check, by `PushTarget.key`: the next write needs no check. */
  readonly missing: Set<string>
  /** Serialises the updates of each referrers tag. */
  readonly tags: Serial
  readonly noLists: KnownNoLists
  readonly digestTags: KnownDigestTags
  /** The URLs of endpoints that have answered the HEAD of a manifest with 200. */
  readonly answersHead: Set<string>
}

export function createMemory(): Memory {
  return {
    uploads: new Map(),
    missing: new Set(),
    tags: new Serial(),
    noLists: new KnownNoLists(),
    digestTags: new KnownDigestTags(),
    answersHead: new Set(),
  }
}

/** Cancels the uploads that no write has continued. */
export async function cancelUploads({ uploads }: Memory): Promise<void> {
  const open = [...uploads.values()]
  uploads.clear()
  await Promise.all(open.map((upload) => upload.cancel()))
}
