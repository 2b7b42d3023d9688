import type { IncomingHttpHeaders } from 'node:http'

/** What a gate knows of a request. */
export interface GateRequest {
  readonly method: string
  /** As the client sent it, with its query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The address of the other end of the connection. Undefined when the connection has ended. */
  readonly remoteAddress: string | undefined
  /** Whether the connection is TLS. */
  readonly encrypted: boolean
}

/** What a request asks for. `repository` is the full name of the store: `docker.io/library/alpine`. */
export type Wanted =
  | { readonly kind: 'base' }
  | { readonly kind: 'repository'; readonly repository: string }
  | { readonly kind: 'catalog' }

/** A request that may be answered. */
export interface Admitted {
  readonly allowed: true
  /** The address of the client, for the log. */
  readonly client: string
  /** Who has signed in. */
  readonly user?: string | undefined
}

/** A request that is refused, and the answer to it. */
export interface Refusal {
  readonly allowed: false
  readonly status: 400 | 401 | 403 | 429
  /** The code of the distribution specification, "Error Codes". */
  readonly code: 'UNAUTHORIZED' | 'DENIED' | 'TOOMANYREQUESTS' | 'UNSUPPORTED'
  readonly message: string
  /** More headers of the answer: `WWW-Authenticate`, `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The address of the client, for the log. Default: that of the connection. */
  readonly client?: string | undefined
}

export type Admission = Admitted | Refusal

/** Decides who may read. It is asked for each request whose path is valid, before anything is looked up. */
export interface Gate {
  admit(request: GateRequest, wanted: Wanted): Promise<Admission>
}
