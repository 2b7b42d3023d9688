import { DistError } from '@dist/errdefs'
import { algorithmOf, type Digest } from '@dist/oci'
import { mountScope } from '../auth/authorizer.js'
import type { Response } from '../http/exchange.js'
import { announcedDigest, parseSize } from '../http/headers.js'
import { redirectTarget } from '../http/redirect.js'
import type { Operation } from '../request/operation.js'
import type { RegistryRequest, Target } from '../request/send.js'

// Best effort, so the wait is short.
const cancelTimeoutMs = 5_000

const octets = { 'content-type': 'application/octet-stream' }

type UploadRequest = Pick<RegistryRequest, 'method' | 'accept' | 'headers' | 'body' | 'permit'>

/** An upload that a registry has opened. */
export class Upload {
  private constructor(
    private readonly operation: Operation,
    /** Each answer may name another URL for the next request. */
    private readonly target: Target,
    /** Bytes that each chunk but the last must have; 0 if the registry names no minimum. */
    readonly minChunk: number,
  ) {}

  /** Opens an upload: one POST. */
  static async open(operation: Operation): Promise<Upload> {
    const response = await operation.attempt({ ...postRequest(operation), accept: [202] })
    await response.body.discard()
    return Upload.#from(operation, response)
  }

  /**
   * Mounts a blob from another repository: one POST. Undefined if it is mounted, else the upload that the registry opened
   * instead. Throws for every other answer: only a 201 means that the blob exists.
   */
  static async mount(operation: Operation, digest: Digest, from: string): Promise<Upload | undefined> {
    const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`
    const mounting = operation.with({ scope: mountScope(operation.repository, from) })
    const request = { ...postRequest(operation, query), optional: true, accept: [201, 202] }
    const response = await mounting.attempt(request)
    await response.body.discard()
    if (response.status !== 201) return Upload.#from(operation, response)
    checkDigest(response, digest, operation.what)
    return undefined
  }

  /** The upload that an answer names. Throws `MALFORMED` without a URL, and for a step from https to http. */
  static #from(operation: Operation, response: Response, before?: Upload): Upload {
    const { location, 'oci-chunk-min-length': minLength } = response.headers
    if (location === undefined && before !== undefined) return before
    const url = redirectTarget(location, response.url, `${operation.what}, its upload`)
    const { origin } = new URL(operation.endpoint.url)
    // An answer from another origin must not choose a request to the registry that carries the login.
    const own = (before?.target.own ?? true) && response.url.origin === origin && url.origin === origin
    const minChunk = parseSize(typeof minLength === 'string' ? minLength : undefined) ?? before?.minChunk ?? 0
    return new Upload(operation, { url, own }, minChunk)
  }

  get host(): string {
    return this.target.url.host
  }

  /** The same upload within another operation. */
  within(operation: Operation): Upload {
    return new Upload(operation, this.target, this.minChunk)
  }

  /** The upload after an answer to one of its requests. */
  after(response: Response): Upload {
    return Upload.#from(this.operation, response, this)
  }

  /** Sends one request of the upload. Throws a retryable `UNAVAILABLE` if the registry has lost the upload. */
  async send(request: UploadRequest): Promise<Response> {
    const { what } = this.operation
    try {
      return await this.operation.attempt({ path: '', target: this.target, ...request })
    } catch (cause) {
      if (!(cause instanceof DistError) || cause.code !== 'NOT_FOUND') throw cause
      throw new DistError('UNAVAILABLE', `${what}: upload lost: ${cause.message}`, { cause })
    }
  }

  /** Ends the upload with these bytes: together with the bytes before them they become the blob. */
  async complete(digest: Digest, request: Omit<UploadRequest, 'method' | 'accept'>): Promise<void> {
    const { operation, minChunk } = this
    const upload = new Upload(operation, withDigest(this.target, digest), minChunk)
    const headers = { ...octets, ...request.headers }
    const response = await upload.send({ method: 'PUT', accept: [201, 202, 204], ...request, headers })
    await response.body.discard()
    checkDigest(response, digest, operation.what)
  }

  /** Deletes the upload at the registry. Best effort: never throws, and takes a few seconds at most. */
  async cancel(): Promise<void> {
    const upload = this.within(this.operation.with({ signal: AbortSignal.timeout(cancelTimeoutMs) }))
    try {
      const response = await upload.send({ method: 'DELETE', accept: [202, 204] })
      await response.body.discard()
    } catch {
      // Registries delete abandoned uploads after a while.
    }
  }
}

function postRequest({ repository }: Operation, query = ''): RegistryRequest {
  return { method: 'POST', path: `/${repository}/blobs/uploads/${query}` }
}

/** R11: detects a registry that stored other content. */
function checkDigest(response: Response, digest: Digest, what: string): void {
  const announced = announcedDigest(response)
  // A digest of another algorithm cannot be compared.
  if (announced === undefined || algorithmOf(announced) !== algorithmOf(digest) || announced === digest)
    return
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: does not verify (${response.url.host}): stored as ${announced}`,
  )
}

// Appended as text: to parse and write the query again could break the registry's signature.
function withDigest({ url: before, own }: Target, digest: Digest): Target {
  const url = new URL(before)
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`
  return { url, own }
}
