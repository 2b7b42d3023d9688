import type { Digest } from '@dist/oci'

/** The result of applying a layer. */
export interface Applied {
  /** sha256 of the whole uncompressed layer, including data after the end of its archive. */
  readonly diffID: Digest
  /** Bytes of the uncompressed layer. */
  readonly size: number
  /** Entries of its archive, whiteouts included. */
  readonly entries: number
}

/** Limits of a layer. Beyond them `RESOURCE_EXHAUSTED`, naming the limit. */
export interface ApplyLimits {
  /** Bytes of the uncompressed layer; default 64 GiB. */
  bytes: number
  /** Entries of the archive; default 2 million. */
  entries: number
  /** Uncompressed bytes for each compressed byte, checked from 64 MiB on; default 1000. */
  ratio: number
  /** Components of a path after its symbolic links are resolved; default 256. */
  depth: number
  /** Bytes of a path in the archive; default 4095, the limit of Linux. */
  name: number
}

export const defaultLimits: ApplyLimits = {
  bytes: 64 * 1024 ** 3,
  entries: 2_000_000,
  ratio: 1000,
  depth: 256,
  name: 4095,
}

/** A part of an entry that could not be made and was left out. */
export interface ApplyWarning {
  /** Name of the entry, sanitized for a message. */
  readonly entry: string
  readonly reason: string
}

export interface ApplyOptions {
  /** The expected diffID; `FAILED_PRECONDITION` for another one. Default: any. */
  diffID?: Digest | undefined
  /**
   * Whether the given bytes are verified by their digest, so that they fail when they are truncated. The empty blocks at
   * the end of the tar may be missing then. Default: only where the diffID is known.
   */
  verified?: boolean | undefined
  limits?: Partial<ApplyLimits> | undefined
  /** An abort has the effect of a failure. */
  signal?: AbortSignal | undefined
  /** Called with each warning. Default: warnings are dropped. */
  onWarning?: ((warning: ApplyWarning) => void) | undefined
  /** Called with the bytes of the given layer that have been read. */
  onProgress?: ((bytesRead: number) => void) | undefined
  /**
   * Whether a failure leaves the directory as it was; default true. `false` is faster, for a private directory that is
   * removed after a failure.
   */
  undo?: boolean | undefined
}
