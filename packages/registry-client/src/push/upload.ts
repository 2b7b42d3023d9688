import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { mountScope, type Scope } from '../auth/authorizer.js'
import type { Response } from '../http/exchange.js'
import { redirectTarget } from '../http/redirect.js'
import { announcedDigest } from '../manifest.js'
import { hastily } from '../probe.js'
import { sizeHeader } from '../range.js'
import { type RegistryRequest, send, type Target } from '../send.js'
import { type PushPlace, scopeOf } from './place.js'

/** An upload that a registry has opened. */
export interface Upload {
  /** Where it goes on: each answer may name another place. */
  readonly to: Target
  /** Bytes that each chunk but the last must have; 0 where the registry does not say. */
  readonly minChunk: number
}

/** What all requests of one blob's upload share. */
export interface UploadJob {
  readonly place: PushPlace
  /** For errors. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

// Cleaning up is a courtesy: nobody waits long for it.
const cancelPatience = 5_000

const octets = { 'content-type': 'application/octet-stream' }

/** Opens an upload: one POST. */
export async function openUpload(job: UploadJob): Promise<Upload> {
  const response = await send(job.place.transport, { ...postRequest(job, ''), accept: [202] })
  await response.body.discard()
  return uploadOf(job, response)
}

/**
 * Asks for a blob of another repository: one POST. Undefined where it is there now, else the upload that was opened.
 * Throws for every other answer: that it is there is what only a 201 says.
 */
export async function mountOrOpen(job: UploadJob, digest: Digest, from: string): Promise<Upload | undefined> {
  const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`
  const scope = mountScope(job.place.locator.repository, from)
  const request = { ...postRequest(job, query, scope), optional: true, accept: [201, 202] }
  const response = await send(job.place.transport, request)
  await response.body.discard()
  if (response.status !== 201) return uploadOf(job, response)
  checkDigest(response, digest, job.what)
  return undefined
}

function postRequest(job: UploadJob, query: string, scope: Scope = scopeOf(job.place)): RegistryRequest {
  const path = `/${job.place.locator.repository}/blobs/uploads/${query}`
  return { endpoint: job.place.endpoint, method: 'POST', path, scope, what: job.what, signal: job.signal }
}

/** Where an upload goes on, as an answer says it. Throws `MALFORMED` for what leads nowhere or from https to http. */
export function uploadOf({ place, what }: UploadJob, response: Response, before?: Upload): Upload {
  const { location } = response.headers
  if (location === undefined && before !== undefined) return before
  const url = redirectTarget(location, response.url, `${what}, its upload`)
  const { origin } = new URL(place.endpoint.url)
  // An answer from elsewhere must not choose what is done at the registry in our name.
  const own = (before?.to.own ?? true) && response.url.origin === origin && url.origin === origin
  const minChunk = sizeHeader(headerOf(response, 'oci-chunk-min-length')) ?? before?.minChunk ?? 0
  return { to: { url, own }, minChunk }
}

/** A request within an upload. */
export function sendToUpload(
  job: UploadJob,
  upload: Upload,
  request: Pick<RegistryRequest, 'method' | 'accept'> & Partial<RegistryRequest>,
): Promise<Response> {
  const { place, what, signal } = job
  const base = { endpoint: place.endpoint, path: '', target: upload.to, scope: scopeOf(place), what, signal }
  return found(send(place.transport, { ...base, ...request }), what)
}

/** Ends an upload with these bytes: they, and what came before them, become the blob. */
export async function completeUpload(
  job: UploadJob,
  upload: Upload,
  digest: Digest,
  request: Pick<RegistryRequest, 'body'> & Partial<RegistryRequest>,
): Promise<void> {
  const response = await sendToUpload(job, withDigest(upload, digest), {
    method: 'PUT',
    accept: [201, 202, 204],
    ...request,
    headers: { ...octets, ...request.headers },
  })
  await response.body.discard()
  checkDigest(response, digest, job.what)
}

/** Has the registry forget an upload, if it can: a courtesy. Never throws, and takes no longer than some seconds. */
export async function cancelUpload({ place, what }: UploadJob, upload: Upload): Promise<void> {
  const job = {
    place: { ...place, transport: hastily(place.transport) },
    what,
    signal: AbortSignal.timeout(cancelPatience),
  }
  try {
    const response = await sendToUpload(job, upload, { method: 'DELETE', accept: [202, 204] })
    await response.body.discard()
  } catch {
    // Registries throw uploads away by themselves after a while.
  }
}

/** An upload that is not known any more, or stands elsewhere than we think, is worth another one. */
async function found<T>(answer: Promise<T>, what: string): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    if (!(cause instanceof DistError) || cause.code !== 'NOT_FOUND') throw cause
    throw new DistError('UNAVAILABLE', `${what}: the upload is gone: ${cause.message}`, { cause })
  }
}

/** R11: a registry that took in something else than what it was given is found out. */
function checkDigest(response: Response, digest: Digest, what: string): void {
  const announced = announcedDigest(response)
  // Registries may answer with the digest of another algorithm, which says nothing about this one.
  if (announced === undefined || algorithm(announced) !== algorithm(digest) || announced === digest) return
  throw new DistError('FAILED_PRECONDITION', `${what}: ${response.url.host} stored ${announced}`)
}

function algorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'))
}

// By hand: writing the query anew could change what the registry has signed.
function withDigest({ to, minChunk }: Upload, digest: Digest): Upload {
  const url = new URL(to.url)
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`
  return { to: { ...to, url }, minChunk }
}

function headerOf({ headers }: Response, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
