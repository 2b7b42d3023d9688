import type { DistError } from '@dist/errdefs'
import { acceptedManifestTypes } from '@dist/oci'
import type { ObjectType } from '@dist/remotes'
import type { Scope } from '../auth/authorizer.js'
import { type Endpoint, urlOf } from '../endpoint.js'
import type { Response } from '../http/exchange.js'
import type { Transport } from '../transport.js'
import { settleAnswer, successOf } from './answer.js'
import { type RetryPolicy, withRetries } from './retry.js'
import { type RegistryRequest, type RequestContext, send } from './send.js'

// The same for HEAD and GET: otherwise the two may negotiate different manifests.
const manifestAccept = [...acceptedManifestTypes, '*/*;q=0.1'].join(', ')

export interface OperationOptions {
  readonly transport: Transport
  readonly endpoint: Endpoint
  /** `library/alpine`. */
  readonly repository: string
  /** The object of the operation, for errors. */
  readonly what: string
  readonly scope: Scope
  readonly signal?: AbortSignal | undefined
  /** Default: the transport's. */
  readonly retry?: RetryPolicy | undefined
}

/** An operation on a repository at one endpoint. Its requests share object name, scope, signal and retry policy. */
export class Operation implements RequestContext {
  readonly transport: Transport
  readonly endpoint: Endpoint
  readonly repository: string
  readonly what: string
  readonly scope: Scope
  readonly signal: AbortSignal | undefined
  readonly retry: RetryPolicy

  constructor(options: OperationOptions) {
    this.transport = options.transport
    this.endpoint = options.endpoint
    this.repository = options.repository
    this.what = options.what
    this.scope = options.scope
    this.signal = options.signal
    this.retry = options.retry ?? options.transport.retry
  }

  /** The endpoint's host, for errors. */
  get host(): string {
    return urlOf(this.endpoint).host
  }

  /** The same operation with other options. */
  with(options: Partial<OperationOptions>): Operation {
    return new Operation({ ...this, ...options })
  }

  /** The same operation without retries. */
  singleAttempt(): Operation {
    return this.with({ retry: { ...this.retry, attempts: 1 } })
  }

  /** The GET of `/<repository>/manifests/<object>` or `/<repository>/blobs/<object>`. */
  objectRequest(type: ObjectType, object: string): RegistryRequest {
    const path = `/${this.repository}/${type}s/${object}`
    return { method: 'GET', path, headers: { accept: type === 'manifest' ? manifestAccept : '*/*' } }
  }

  /** Sends a request, with retries. Throws the errors of `send`. */
  send(request: RegistryRequest): Promise<Response> {
    return this.retrying(() => this.attempt(request))
  }

  /** Sends a request once. Throws the errors of `send`. */
  attempt(request: RegistryRequest): Promise<Response> {
    return send(this, request)
  }

  retrying<T>(call: () => Promise<T>): Promise<T> {
    return withRetries(this.retry, this.signal, call)
  }

  /**
   * Sends a request that has an alternative (R29), once. Any answer of the registry is returned, errors as the `DistError`
   * of their kind: registries refuse such requests with any status, and retries would delay the alternative.
   */
  probe(request: RegistryRequest): Promise<Response | DistError> {
    return settleAnswer(() => this.attempt({ ...request, optional: true }))
  }

  /**
   * Sends the HEAD of a GET request. Undefined unless the status is 200 or in `accept`: the GET is the alternative.
   * Throws as `probe`, and login errors.
   */
  async head(request: RegistryRequest): Promise<Response | undefined> {
    return successOf(await this.probe({ ...request, method: 'HEAD' }))
  }
}
