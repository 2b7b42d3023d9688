import type { Descriptor, Digest } from '@dist/oci'

/** What is known beforehand of content that is to be written. `undefined` is unknown; 0 is a size. */
export interface Expected {
  readonly digest?: Digest | undefined
  /** Bytes. */
  readonly size?: number | undefined
}

/** Committed content: it is there, whole and verified. */
export interface Info {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly committedAt: Date
}

/** A write under way, or one that was cut off and can be resumed. */
export interface Status {
  /** The writer's key: one write at a time has it. */
  readonly ref: string
  /** Bytes taken in so far. */
  readonly offset: number
  /** Bytes in all, where they are known. */
  readonly total?: number | undefined
  readonly expected: Expected
  readonly startedAt: Date
  readonly updatedAt: Date
  /** Whether somebody writes it right now, where the store can tell. */
  readonly live?: boolean | undefined
}

export interface ReadOptions {
  /** First byte, from 0. Beyond the end is `INVALID_ARGUMENT`; exactly the end reads nothing. */
  offset?: number | undefined
  signal?: AbortSignal | undefined
}

export interface WriteOptions {
  signal?: AbortSignal | undefined
}

/** What is to be read: the digest is enough for a store; a provider that fetches needs the rest. */
export type Wanted = Pick<Descriptor, 'digest'> & Partial<Descriptor>

/** Reads committed content. */
export interface Provider {
  /**
   * The bytes from `offset` to the end. Throws `NOT_FOUND`. Iterating fails if the content is cut short.
   * What was verified at commit is not verified again. Chunks belong to whoever receives them.
   */
  open(desc: Wanted, options?: ReadOptions): Promise<AsyncIterable<Uint8Array>>
}

/** Takes content in. */
export interface Ingester {
  /**
   * Opens a write under a ref. `ALREADY_EXISTS`: content of the expected digest is there, nothing needs to be
   * written. `UNAVAILABLE` and `held`: somebody else has the ref; the message says since when.
   * A store that can resume opens at the offset where a cut-off write of the same ref and expected digest stopped
   * (`status.offset`); the caller goes on from there, or calls `restart`.
   */
  writer(ref: string, expected: Expected, options?: WriteOptions): Promise<Writer>
}

/**
 * One write. Life cycle: `write` any number of times, then `commit`: from then on, and not before, the content is
 * visible under its digest. Disposing without commit closes the write; what can be resumed stays.
 */
export interface Writer extends AsyncDisposable {
  readonly status: Status
  /**
   * Takes a chunk, which is the writer's from then on. Resolves when the next may come (backpressure). Throws
   * `FAILED_PRECONDITION` as soon as there are more bytes than expected, `RESOURCE_EXHAUSTED` on a full disk.
   */
  write(chunk: Uint8Array): Promise<void>
  /** Forgets all that was written: the source starts from 0 again. */
  restart(): Promise<void>
  /**
   * Verifies size and digest, then makes the content visible, durably. `FAILED_PRECONDITION` when they are not
   * what was expected: nothing becomes visible, what was written is gone and the ref is free again.
   * Content that somebody else committed meanwhile is no error. The ref is free after success.
   */
  commit(): Promise<Info>
  /** Throws away what was written and frees the ref. Does nothing after a commit. */
  abort(): Promise<void>
}

/** Looks after what is in a store. */
export interface Manager {
  /** Throws `NOT_FOUND`. */
  info(digest: Digest): Promise<Info>
  /** All committed content, in no order. */
  walk(): AsyncIterable<Info>
  /** All writes that are under way or can be resumed. */
  statuses(): AsyncIterable<Status>
  /** Throws away a cut-off write. `NOT_FOUND`; `UNAVAILABLE` while somebody writes it. */
  abort(ref: string): Promise<void>
  /** Throws `NOT_FOUND`. Does not look whether a name needs the content. */
  delete(digest: Digest): Promise<void>
}
