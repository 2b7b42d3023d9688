import type { Descriptor } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'
import type { Hint } from './hints.js'

export interface RemoteOptions {
  signal?: AbortSignal | undefined
}

export interface ResolveOptions extends RemoteOptions {
  /**
   * What the caller will do next. `manifest`: it will read the manifest, so one GET that also resolves is better
   * than a HEAD and a GET. `compare` (default): it will most likely know the digest already, and a HEAD burns no
   * quota.
   */
  intent?: 'manifest' | 'compare' | undefined
}

export interface Resolved {
  readonly name: Reference
  /** Media type, digest and size of the root. The digest is the one asked for where the reference has one. */
  readonly desc: Descriptor
  /** The manifest itself, verified, where resolving had to read it. */
  readonly content?: Uint8Array | undefined
}

/** Finds what a reference means at its registry, and hands out what transfers its content. */
export interface Resolver {
  /**
   * `NOT_FOUND`, `UNAUTHENTICATED`, `PERMISSION_DENIED`, `UNAVAILABLE` (after retries), `MALFORMED`,
   * `FAILED_PRECONDITION` (a digest header that lies).
   */
  resolve(ref: Reference, options?: ResolveOptions): Promise<Resolved>
  fetcher(locator: Locator): Fetcher & ObjectFetcher
}

export interface FetchOptions extends RemoteOptions {
  /** First byte wanted, for a transfer that goes on. */
  offset?: number | undefined
}

/** A body under way. Whoever got it reads it to the end or gives it up (by returning from the loop, or the signal). */
export interface Fetched {
  /** Where the body really starts: the offset asked for, or 0 when the source cannot continue. */
  readonly offset: number
  /** The host that sends it, where there is one. */
  readonly from?: string | undefined
  /**
   * The bytes as sent, not verified. It goes on through resets and expired tokens on its own, never splicing
   * other content in; when it cannot, iterating throws a retryable `UNAVAILABLE`. More bytes than the
   * descriptor's size is `FAILED_PRECONDITION`. Chunks belong to whoever receives them.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** Fetches content that is known by its descriptor. */
export interface Fetcher {
  fetch(desc: Descriptor, options?: FetchOptions): Promise<Fetched>
}

export interface FetchedObject {
  /** What the remote says of the object: its digest only where it was asked for or announced. */
  readonly mediaType: string
  readonly digest?: string | undefined
  readonly size?: number | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Fetches an object of which only a tag or a digest is known. */
export interface ObjectFetcher {
  /**
   * Tries the endpoints in the order that the hints make likely, none twice. Content asked for by digest is
   * verified while it is read: iterating throws `FAILED_PRECONDITION` at its end when it does not match.
   */
  fetchObject(object: string, hints?: readonly Hint[], options?: RemoteOptions): Promise<FetchedObject>
}
