import type { Digest } from '@dist/oci'
import type { Expected, Info, ReadOptions, Status, WriteOptions } from './content.js'

/**
 * What a kind of storage has to do. It never verifies and never decides what is right: `createStore` puts that
 * above it, once for all. Every method rejects with a `DistError`.
 */
export interface Driver {
  /** Committed content, or undefined. */
  stat(digest: Digest): Promise<Info | undefined>
  /** The bytes from `offset` on; `NOT_FOUND`. Fails rather than ends early. */
  read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>>
  walk(): AsyncIterable<Info>
  /** Whether there was something to delete. */
  delete(digest: Digest): Promise<boolean>
  /**
   * Opens a draft under a ref and holds the ref until the draft is closed. `UNAVAILABLE` while it is held. Where
   * looking costs next to nothing, `ALREADY_EXISTS` for what was committed just before the ref became free.
   */
  draft(ref: string, expected: Expected, options: WriteOptions): Promise<Draft>
  statuses(): AsyncIterable<Status>
  /** Throws away a draft that nobody holds. `NOT_FOUND`, `UNAVAILABLE`. */
  discard(ref: string): Promise<void>
}

/** Bytes on their way into a storage, not visible yet. */
export interface Draft {
  readonly ref: string
  readonly startedAt: Date
  /** Bytes that an earlier, cut-off write of the same ref and expected digest left; 0 for a new one. */
  readonly offset: number
  /** The bytes before `offset`, for the hash to be rebuilt. Called at most once, before any `append`. */
  replay(): AsyncIterable<Uint8Array>
  /** Appends. The chunk is the draft's. Resolves when the next may come. */
  append(chunk: Uint8Array): Promise<void>
  /** Back to no bytes. */
  truncate(): Promise<void>
  /** Makes what was appended visible under a digest, durably and atomically, and frees the ref. */
  commit(digest: Digest, size: number): Promise<Info>
  /** Frees the ref. `keep`: what can be resumed stays. Does nothing the second time. */
  close(keep: boolean): Promise<void>
}
