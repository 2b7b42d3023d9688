import type { IncomingHttpHeaders } from 'node:http'

/** A request as it came in. */
export interface RecordedRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly url: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The start of the body, as text. */
  readonly body: string
  /** Bytes of the whole body. Undefined while it is still coming, and where it was cut off. */
  readonly bodySize?: number | undefined
  /** What an upload brings. */
  readonly content?: Uint8Array | undefined
  /** The status of the answer, once there is one. */
  status?: number | undefined
}

/** Which requests are meant. What is left out matches all. */
export interface RequestMatch {
  readonly method?: string | undefined
  /** A part of the path, or a pattern. */
  readonly path?: string | RegExp | undefined
}

export function matches({ method, path }: RequestMatch, request: RecordedRequest): boolean {
  if (method !== undefined && method !== request.method) return false
  if (path === undefined) return true
  return typeof path === 'string' ? request.path.includes(path) : path.test(request.path)
}
