import type { Descriptor, Digest } from '@dist/oci'
import type { Expected, Info, ReadOptions, Recalled, Status, WriteOptions } from './content.js'

/**
 * One kind of storage. It does not verify content: `createStore` does that for all drivers. Every method rejects with a
 * `DistError`.
 */
export interface Driver {
  /** Committed content, or undefined. */
  stat(digest: Digest): Promise<Info | undefined>
  /** The bytes from `offset` on. Throws `NOT_FOUND`, and an error if the content ends early. */
  read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>>
  walk(): AsyncIterable<Info>
  /** Resolves to whether the content existed. */
  delete(digest: Digest): Promise<boolean>
  /** As in `Manager`. Default: deletes one after the other. */
  remove?(digests: readonly Digest[]): Promise<void>
  /**
   * Opens a draft under a ref, and holds the ref until the draft is closed. Throws `UNAVAILABLE` with `held` while another
   * draft holds it. If the check is cheap, throws `ALREADY_EXISTS` for content that was committed before the ref became free.
   */
  draft(ref: string, expected: Expected, options: WriteOptions): Promise<Draft>
  statuses(): AsyncIterable<Status>
  /** As in `Recalling`. Default: nothing is remembered. */
  recall?(digest: Digest): Promise<Recalled | undefined>
  /** As in `Recalling`. */
  noteStored?(desc: Pick<Descriptor, 'digest' | 'size'>, at: number): void
  /** Discards a draft that is not open. Throws `NOT_FOUND`, and `UNAVAILABLE` while it is open. */
  discard(ref: string): Promise<void>
}

/** Bytes that are written to a storage and not visible yet. */
export interface Draft {
  readonly ref: string
  readonly startedAt: Date
  /** Bytes of an interrupted write with the same ref and expected digest; 0 for a new one. */
  readonly offset: number
  /** The bytes before `offset`, to compute the hash again. Called at most once, before any `append`. */
  replay(): AsyncIterable<Uint8Array>
  /** Appends a chunk, which belongs to the draft afterwards. Resolves when the next chunk can be appended. */
  append(chunk: Uint8Array): Promise<void>
  /** Discards all bytes. */
  truncate(): Promise<void>
  /** Makes the bytes visible under a digest, atomically, and frees the ref. Durable as in `Writer.commit`. */
  commit(digest: Digest, size: number): Promise<Info>
  /** Frees the ref. `keep`: keeps what can be resumed. Does nothing the second time. */
  close(keep: boolean): Promise<void>
}
