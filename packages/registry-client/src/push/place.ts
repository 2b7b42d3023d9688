import type { Digest } from '@dist/oci'
import { formatLocator, type Locator } from '@dist/reference'
import { pushScope, type Scope } from '../auth/authorizer.js'
import type { Endpoint } from '../endpoint.js'
import type { Transport } from '../transport.js'
import type { Serial } from './serial.js'
import type { Upload } from './upload.js'

/** A repository at the endpoint that takes its pushes. */
export interface PushPlace {
  readonly transport: Transport
  readonly endpoint: Endpoint
  readonly locator: Locator
  /** Bytes; blobs that have more are sent in chunks of so many. Undefined: never. */
  readonly chunkSize: number | undefined
  readonly memory: PushMemory
}

/** What a client remembers of its pushes. */
export interface PushMemory {
  /** Uploads that registries opened where they did not mount, by `keyOf`. The next write goes on with them. */
  readonly opened: Map<string, OpenedUpload>
  /** Blobs that were looked for just now and are not there, by `keyOf`: the next write need not look again. */
  readonly missing: Set<string>
  /** Writes of referrers tags. */
  readonly tags: Serial
}

export interface OpenedUpload {
  readonly place: PushPlace
  readonly upload: Upload
}

export function keyOf({ endpoint, locator }: PushPlace, digest: Digest): string {
  return `${endpoint.url}/${locator.repository}@${digest}`
}

export function scopeOf({ locator }: PushPlace): Scope {
  return pushScope(locator.repository)
}

export function nameAt({ locator }: PushPlace, what: string): string {
  return `${what} in ${formatLocator(locator)}`
}
