import { isDigest } from '@dist/oci'
import type { DatedTag } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'
import { Operation } from '../request/operation.js'
import type { RegistryRequest } from '../request/send.js'
import type { Transport } from '../transport.js'

/** Entries to a page of Docker Hub's and Harbor's own APIs: their maximum. */
export const pageSize = 100

export interface ApiOptions {
  readonly transport: Transport
  /** Its URL is the base of the API. */
  readonly endpoint: Endpoint
  readonly authorization: string | undefined
  readonly what: string
  readonly signal: AbortSignal | undefined
}

/** An operation at an API that takes an authorization without a challenge. It is sent to the endpoint's origin alone. */
export function apiOperation({ transport, endpoint, authorization, what, signal }: ApiOptions): Operation {
  const headers = { ...(authorization === undefined ? {} : { authorization }), ...endpoint.headers }
  return new Operation({
    transport,
    endpoint: { ...endpoint, headers },
    repository: '',
    what,
    scope: '',
    signal,
  })
}

/** A GET. These APIs send a 401 without a challenge. */
export function apiRequest(path: string): RegistryRequest {
  return { method: 'GET', path, headers: { accept: 'application/json' }, optional: true }
}

/** A tag with a digest and a date as these APIs write them; what is not one is left out. */
export function datedTag(tag: unknown, digest: unknown, pushed: unknown): DatedTag {
  const time = typeof pushed === 'string' ? Date.parse(pushed) : Number.NaN
  return {
    tag: String(tag),
    ...(typeof digest === 'string' && isDigest(digest) ? { digest } : {}),
    ...(Number.isNaN(time) ? {} : { pushed: time }),
  }
}
