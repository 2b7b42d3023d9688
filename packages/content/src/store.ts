import type { Digest } from '@dist/oci'
import type { Ingester, Manager, Provider, Recalling } from './content.js'
import type { Collection } from './leases/collection.js'
import type { Ledgers } from './ledgers.js'
import type { Names } from './names.js'
import type { Withheld } from './withheld.js'

/** The content of a store: read, write and manage. */
export type ContentStore = Provider & Ingester & Manager & Partial<Recalling>

/** What a sweep removed. */
export interface Swept {
  /** The ref of the write; undefined for remains that no write can resume. */
  readonly ref: string | undefined
  /** Bytes freed. */
  readonly size: number
  readonly updatedAt: Date
}

/** An opened store of any kind: content with the names of its images. */
export interface Store extends AsyncDisposable {
  /** The absolute path of a directory, or `s3://bucket/prefix`. */
  readonly url: string
  /** Random, set when the store is created; undefined if it does not exist. */
  readonly id: string | undefined
  /** Always true if the store was opened to be created. */
  readonly exists: boolean
  readonly content: ContentStore
  readonly names: Names
  readonly ledgers: Ledgers
  /** Images that are unpublished until their content is repaired. */
  readonly withheld: Withheld
  /** The location of committed content: a path or an S3 URL. The content need not exist. */
  locate(digest: Digest): string
  /**
   * Removes remains of writes that have not changed for `olderThan` milliseconds. `onRemark` is called with what the kind
   * of store cannot find.
   */
  sweep(olderThan: number, onRemark?: (remark: string) => void): Promise<readonly Swept[]>
  /** Moves bad content out of the way, and resolves to its new location. Throws `NOT_FOUND`. */
  setAside(digest: Digest): Promise<string>
  /** Begins a collection of garbage: it tells the processes that publish to the store. */
  collect(): Promise<Collection>
  /** Writes and reads in the store, and throws an error that names the cause of a failure. */
  probe(): Promise<void>
}
