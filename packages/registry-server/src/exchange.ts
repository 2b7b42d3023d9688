import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiError } from './api-error.js'
import type { Admission } from './gate.js'
import type { RouteKind } from './path.js'

/** A request that has been answered, for the log and the metrics. */
export interface Answered {
  readonly method: string
  /** `other`: the path is not one of a registry. */
  readonly route: RouteKind | 'other'
  /** The full name in the store: `docker.io/library/alpine`. */
  readonly repository?: string | undefined
  /** The tag or the digest of the request. */
  readonly reference?: string | undefined
  readonly status: number
  /** Of the body, as far as they were handed to the connection. */
  readonly bytes: number
  readonly milliseconds: number
  /** Milliseconds to the head of the answer. */
  readonly waited: number
  readonly client: string | undefined
  readonly user?: string | undefined
  /** False when the connection ended before the answer did. */
  readonly complete: boolean
}

type Headers = Readonly<Record<string, string | number>>

/** One request, its answer, and what is to be told of both. */
export class Exchange {
  route: RouteKind | 'other' = 'other'
  repository: string | undefined
  reference: string | undefined
  admission: Admission | undefined
  #status = 0
  #bytes = 0
  #head: number | undefined
  readonly #start = performance.now()
  #isOver = false
  #controller: AbortController | undefined
  #rejectWrite: ((error: Error) => void) | undefined

  /** `onEnd` is called once, when the answer or its connection has ended. */
  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    onEnd: () => void,
  ) {
    const end = () => {
      if (this.#isOver) return
      this.#isOver = true
      this.#controller?.abort()
      this.#rejectWrite?.(closed())
      onEnd()
    }
    response.once('close', end)
    // An answer that waits for the ones before it on its connection is not told of the end of that.
    request.once('close', () => {
      if (request.socket.destroyed) end()
    })
  }

  /** Whether the answer or its connection has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Aborts when the answer or its connection ends. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isOver) this.#controller.abort()
    return this.#controller.signal
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD'
  }

  /** Whether nothing of an answer has been sent. */
  get isOpen(): boolean {
    return !this.response.headersSent && !this.#isOver
  }

  /** Begins an answer whose body follows. */
  begin(status: number, headers: Headers): void {
    this.#status = status
    this.#head = performance.now()
    this.response.writeHead(status, { ...constant, ...headers })
  }

  /** Answers with a document, or with its headers alone. */
  send(status: number, headers: Headers, body: Uint8Array | string): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    this.begin(status, { ...headers, 'content-length': length })
    if (this.isHead) {
      this.response.end()
      return
    }
    this.#bytes = length
    this.response.end(body)
  }

  /** Answers without a body. */
  end(status: number, headers: Headers): void {
    this.begin(status, headers)
    this.response.end()
  }

  /** Answers with an error of the specification. */
  refuse(error: ApiError): void {
    this.send(error.status, { 'content-type': 'application/json', ...error.headers }, error.body)
  }

  /**
   * Resolves when the connection has taken a chunk, which may be used again then. Rejects when the connection has ended. The next
   * call follows when this one has ended.
   */
  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(closed())
      this.#rejectWrite = reject
      this.response.write(chunk, (error) => {
        if (error) return reject(closed())
        this.#bytes += chunk.byteLength
        resolve()
      })
    })
  }

  /** What has become of it. */
  answered(): Answered {
    const { request, response, route, repository, reference, admission } = this
    const now = performance.now()
    return {
      method: request.method ?? '',
      route,
      repository,
      reference,
      status: this.#status,
      bytes: this.#bytes,
      milliseconds: now - this.#start,
      waited: (this.#head ?? now) - this.#start,
      client: admission?.client ?? request.socket.remoteAddress,
      user: admission?.allowed ? admission.user : undefined,
      complete: response.writableFinished,
    }
  }
}

/** Headers of all answers. Browsers must not guess types: what is served was written by others. */
const constant = { 'docker-distribution-api-version': 'registry/2.0', 'x-content-type-options': 'nosniff' }

function closed(): Error {
  return new Error('the client has closed the connection')
}
