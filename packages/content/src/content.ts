import type { Descriptor, Digest } from '@dist/oci'

/** What is known of content before it is written. `undefined` means unknown; 0 is a size. */
export interface Expected {
  readonly digest?: Digest | undefined
  /** Bytes. */
  readonly size?: number | undefined
}

/** Committed content: complete and verified. */
export interface Info {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly committedAt: Date
}

/** How old an answer may be that a store remembers, in milliseconds. */
export const recentMs = 10_000

/** A remembered answer about content: its size in bytes, or undefined where it was absent. */
export interface Recalled {
  readonly size: number | undefined
}

/** A store that remembers answers, because each question costs a request. */
export interface Recalling {
  /**
   * An answer of at most `recentMs` about content; undefined without one. Writes and deletions of this store are remembered,
   * those of other processes are not seen at once. Never asks about this content alone, and never fails.
   */
  recall(digest: Digest): Promise<Recalled | undefined>
  /**
   * Remembers that another process has stored content. `at`: a time before which it was not there, or at which it was, by
   * `performance.now()`; answers from before no longer count.
   */
  noteStored?(desc: Pick<Descriptor, 'digest' | 'size'>, at: number): void
}

/** A running write, or an interrupted one that can be resumed. */
export interface Status {
  /** The key of the write. Only one write at a time has it. */
  readonly ref: string
  /** Bytes written so far. */
  readonly offset: number
  /** Total bytes, if known. */
  readonly total?: number | undefined
  readonly expected: Expected
  readonly startedAt: Date
  readonly updatedAt: Date
  /** Whether a writer is open now; undefined if the store does not record it. */
  readonly live?: boolean | undefined
}

export interface ReadOptions {
  /** The first byte, from 0. An offset equal to the size reads nothing; a larger one throws `INVALID_ARGUMENT`. */
  offset?: number | undefined
  /** The reader takes so many bytes and no more. More may come: it saves a provider from fetching what is not read. */
  length?: number | undefined
  signal?: AbortSignal | undefined
}

export interface WriteOptions {
  signal?: AbortSignal | undefined
  /**
   * Whether a remembered answer that small content is absent counts. For content that no other process writes now, or that is
   * at hand: otherwise it is fetched twice. Default: false.
   */
  recent?: boolean | undefined
  /** Whether the caller has reason to believe that the store lacks small content: it is not asked. Default: false. */
  absent?: boolean | undefined
}

/** The content to read. A store needs only the digest; a provider that fetches needs the other members. */
export type Wanted = Pick<Descriptor, 'digest'> & Partial<Descriptor>

/** Reads committed content. */
export interface Provider {
  /**
   * The bytes from `offset` to the end. Throws `NOT_FOUND`. Iterating throws if the content ends early. Content is verified
   * at commit, and not again here. Chunks belong to the caller.
   */
  open(desc: Wanted, options?: ReadOptions): Promise<AsyncIterable<Uint8Array>>
}

/** Writes content. */
export interface Ingester {
  /**
   * Opens a write under a ref. Throws `ALREADY_EXISTS` if content with the expected digest exists, `UNAVAILABLE` with `held`
   * if another writer has the ref.
   * A store that can resume opens at the offset of an interrupted write with the same ref and expected digest
   * (`status.offset`). The caller continues there, or calls `restart`.
   */
  writer(ref: string, expected: Expected, options?: WriteOptions): Promise<Writer>
}

/**
 * One write: `write` any number of times, then `commit`, which makes the content visible under its digest. Disposing without
 * commit closes the write and keeps what can be resumed.
 */
export interface Writer extends AsyncDisposable {
  readonly status: Status
  /**
   * Writes a chunk, which belongs to the writer afterwards. Resolves when the next chunk can be written (backpressure).
   * Throws `FAILED_PRECONDITION` for more bytes than expected, `RESOURCE_EXHAUSTED` on a full disk.
   */
  write(chunk: Uint8Array): Promise<void>
  /** Discards all bytes. The caller writes from byte 0 again. */
  restart(): Promise<void>
  /**
   * Verifies size and digest, then makes the content visible. It is durable at the latest when a name is published after it,
   * or when the store is closed; until then a power failure may take all of it, never a part. Throws `FAILED_PRECONDITION` if
   * they are not the expected ones: nothing becomes visible, and the bytes are discarded. No error if another writer has
   * committed the same content. The ref is free afterwards.
   */
  commit(): Promise<Info>
  /** Discards the bytes and frees the ref. Does nothing after a commit. */
  abort(): Promise<void>
}

/** Manages the content of a store. */
export interface Manager {
  /** Throws `NOT_FOUND`. */
  info(digest: Digest): Promise<Info>
  /** As `info`; undefined where there is none. An error with its stack would cost more than a look into a folder. */
  find(digest: Digest): Promise<Info | undefined>
  /** All committed content, in any order. */
  walk(): AsyncIterable<Info>
  /** All writes that run or can be resumed. */
  statuses(): AsyncIterable<Status>
  /** Discards an interrupted write. Throws `NOT_FOUND`, and `UNAVAILABLE` while a writer is open. */
  abort(ref: string): Promise<void>
  /** Throws `NOT_FOUND`. Does not check whether a name needs the content. */
  delete(digest: Digest): Promise<void>
  /** Deletes much content, which may not exist. Checks nothing. Throws the first failure, after it has tried all. */
  remove(digests: readonly Digest[]): Promise<void>
}
