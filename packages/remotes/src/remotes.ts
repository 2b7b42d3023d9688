import type { Descriptor } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'
import type { Hint } from './hints.js'

export interface RemoteOptions {
  signal?: AbortSignal | undefined
}

export interface ResolveOptions extends RemoteOptions {
  /**
   * What the caller does next. `manifest`: it reads the manifest, so one GET replaces a HEAD and a GET. `compare`
   * (default): it most likely has the manifest already, and a HEAD uses no quota.
   */
  intent?: 'manifest' | 'compare' | undefined
}

export interface Resolved {
  readonly name: Reference
  /** Media type, digest and size of the root. If the reference has a digest, it is this one. */
  readonly desc: Descriptor
  /** The verified manifest, if resolving had to read it. */
  readonly content?: Uint8Array | undefined
}

/** Resolves references at their registries, and creates fetchers for repositories. */
export interface Resolver {
  /**
   * Throws `NOT_FOUND`, `UNAUTHENTICATED`, `PERMISSION_DENIED`, `UNAVAILABLE` (after retries), `MALFORMED`,
   * `FAILED_PRECONDITION` (a digest header that does not match the content).
   */
  resolve(ref: Reference, options?: ResolveOptions): Promise<Resolved>
  fetcher(locator: Locator): Fetcher & ObjectFetcher
}

export interface FetchOptions extends RemoteOptions {
  /** First byte wanted, to continue a transfer. Default: 0. */
  offset?: number | undefined
}

/** A body in transfer. The receiver reads it to the end, leaves the loop, or aborts the signal. */
export interface Fetched {
  /** First byte of the body: the requested offset, or 0 if the source cannot continue there. */
  readonly offset: number
  /** The host that sends it, if any. */
  readonly from?: string | undefined
  /**
   * The bytes as sent, not verified. Resumes after resets and expired tokens, and never splices other content in. When it
   * cannot resume, iterating throws a retryable `UNAVAILABLE`; for more bytes than the descriptor's size
   * `FAILED_PRECONDITION`. The receiver owns the chunks.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** Fetches content by its descriptor. */
export interface Fetcher {
  fetch(desc: Descriptor, options?: FetchOptions): Promise<Fetched>
}

export interface FetchedObject {
  /** As the remote announces it. The digest only if it was requested or announced. */
  readonly mediaType: string
  readonly digest?: string | undefined
  readonly size?: number | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Fetches an object by a tag or a digest alone. */
export interface ObjectFetcher {
  /**
   * Tries the paths for manifests and blobs in the order that the hints make likely, each once. Content requested by
   * digest is verified while it is read: iterating throws `FAILED_PRECONDITION` at the end if it does not match.
   */
  fetchObject(object: string, hints?: readonly Hint[], options?: RemoteOptions): Promise<FetchedObject>
}
