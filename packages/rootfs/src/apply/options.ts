import type { Digest } from '@dist/oci'

/** What was applied. */
export interface Applied {
  /** sha256 of the whole uncompressed layer, also of what stands behind the end of its archive. */
  readonly diffID: Digest
  /** Bytes of the uncompressed layer. */
  readonly size: number
  /** Entries of its archive, whiteouts included. */
  readonly entries: number
}

/** What a layer may ask of the machine. Beyond it `RESOURCE_EXHAUSTED`, which names the limit. */
export interface ApplyLimits {
  /** Bytes of the uncompressed layer; default 64 GiB. */
  bytes: number
  /** Entries of the archive; default 2 million. */
  entries: number
  /** Uncompressed bytes for each byte of the layer as given, looked at from 64 MiB on; default 1000. */
  ratio: number
  /** Components of a path, after its symbolic links are resolved; default 256. */
  depth: number
  /** Bytes of a path as the archive has it; default 4095, Linux' own. */
  name: number
}

export const defaultLimits: ApplyLimits = {
  bytes: 64 * 1024 ** 3,
  entries: 2_000_000,
  ratio: 1000,
  depth: 256,
  name: 4095,
}

/** Something of an entry that could not be made, and was left out. */
export interface ApplyWarning {
  /** Name of the entry, fit for a message. */
  readonly entry: string
  readonly reason: string
}

export interface ApplyOptions {
  /** Of the uncompressed layer; `FAILED_PRECONDITION` when it turns out to be another. Default: any. */
  diffID?: Digest | undefined
  /**
   * Whether the bytes as they are given fail at their end when they are not the whole: then the layer may lack the empty
   * blocks that end a tar. Default: only where the diffID is known.
   */
  verified?: boolean | undefined
  limits?: Partial<ApplyLimits> | undefined
  /** An abort leaves the directory as a failure does. */
  signal?: AbortSignal | undefined
  /** Default: warnings are dropped. */
  onWarning?: ((warning: ApplyWarning) => void) | undefined
  /** Called with the bytes that were read so far of the layer as given. */
  onProgress?: ((bytesRead: number) => void) | undefined
  /**
   * Whether a failure leaves the directory as it was; default true. `false` is faster, for a private directory that
   * is thrown away then.
   */
  undo?: boolean | undefined
}
