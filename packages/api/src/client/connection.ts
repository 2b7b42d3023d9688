import {
  DistError,
  errnoOf,
  isUnavailable,
  linkSignals,
  sanitize,
  sleep,
  throwIfAborted,
} from '@dist/errdefs'
import { errorOfAnswer } from '../problem.js'
import type { Answer, BodyInput, Params, QueryInput, Route } from '../route.js'
import { basePath } from '../routes.js'

export interface ServerAccess {
  /** `https://host:port`, with a path if the server is below one. */
  readonly url: string
  readonly token?: string | undefined
}

export interface ServerOptions {
  readonly userAgent: string
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for an answer, and for a server that is away. Default: 5,000. */
  readonly timeoutMs?: number | undefined
  /** Calls wait without limit for a server that is away. Default: false. */
  readonly persistent?: boolean | undefined
  /** Called each time that the server becomes unavailable and is waited for. */
  readonly onUnavailable?: ((error: unknown) => void) | undefined
}

export interface CallOptions<R extends Route> {
  readonly params?: Params<R> | undefined
  readonly query?: QueryInput<R> | undefined
  readonly body?: BodyInput<R> | undefined
  /** Makes it safe to repeat the call. */
  readonly key?: string | undefined
}

const pauseMs = 500
/** Milliseconds for a request whose body may be large. */
const largeTimeoutMs = 10 * 60_000
/** Milliseconds for an answer that another service gives. */
const slowTimeoutMs = 20_000

/** Sends requests to the API of a dashboard. */
export class Connection {
  readonly #base: string
  readonly #name: string

  /** `INVALID_ARGUMENT` for an address that is none, and for a token that would be sent as plain text. */
  constructor(
    private readonly access: ServerAccess,
    private readonly options: ServerOptions,
  ) {
    const url = checkedUrl(access)
    this.#base = `${url.origin}${url.pathname.replace(/\/$/, '')}${basePath}`
    this.#name = url.host
  }

  /**
   * The answer of an operation. Throws the error of the server, and `UNAVAILABLE` when it cannot be reached. What can be
   * repeated without harm is repeated while it is away.
   */
  async call<R extends Route>(route: R, options: CallOptions<R> = {}): Promise<Answer<R>> {
    const { persistent = false, timeoutMs = 5_000, onUnavailable } = this.options
    // A call after the end of the work, for its report, has the usual time.
    const signal = this.options.signal?.aborted ? undefined : this.options.signal
    const isRepeatable = route.method === 'GET' || options.key !== undefined
    const until = performance.now() + timeoutMs
    for (let told = false; ; told = true) {
      try {
        return await this.#once(route, options, timeoutMs, signal)
      } catch (error) {
        if (signal !== undefined) throwIfAborted(signal)
        const mayWait = persistent || performance.now() + pauseMs < until
        if (!isUnavailable(error) || !isRepeatable || !mayWait) throw error
        if (!told && persistent) onUnavailable?.(error)
      }
      await sleep(pauseMs, signal ?? new AbortController().signal)
    }
  }

  /** The body of a stream of events. */
  async open<R extends Route>(
    route: R,
    options: CallOptions<R>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send(route, options, signal)
    if (!response.ok || response.body === null)
      throw errorOfAnswer(response.status, await bodyOf(response), this.#name)
    return response.body
  }

  async #once<R extends Route>(
    route: R,
    options: CallOptions<R>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer<R>> {
    const ofRoute = route.bodyLimit !== undefined ? largeTimeoutMs : route.slow ? slowTimeoutMs : 0
    using limit = linkSignals(signal, AbortSignal.timeout(Math.max(ofRoute, timeoutMs)))
    const response = await this.#send(route, options, limit.signal)
    const body = await bodyOf(response)
    if (!response.ok) throw errorOfAnswer(response.status, body, this.#name)
    if (route.answer === undefined) return undefined as Answer<R>
    const parsed = route.answer.safeParse(body)
    if (parsed.success) return parsed.data as Answer<R>
    throw new DistError(
      'MALFORMED',
      `${this.#name}: the answer is not one of the API of dist, or of a version that this one does not know`,
      { cause: parsed.error },
    )
  }

  async #send<R extends Route>(
    { method, path, events }: R,
    { params, query = {}, body, key }: CallOptions<R>,
    signal: AbortSignal,
  ): Promise<Response> {
    const { userAgent } = this.options
    const { token } = this.access
    const given = Object.entries(query ?? {}).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const search = new URLSearchParams(given).toString()
    const values = (params ?? {}) as Readonly<Record<string, string>>
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
    const headers = {
      accept: events ? 'text/event-stream' : 'application/json',
      'user-agent': userAgent,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const text = body === undefined ? null : JSON.stringify(body)
    try {
      // A redirect would take the token to another place.
      return await fetch(`${this.#base}${filled}${search === '' ? '' : `?${search}`}`, {
        ...{ method, headers, body: text, signal, redirect: 'error' },
      })
    } catch (cause) {
      throw new DistError('UNAVAILABLE', `${this.#name}: cannot be reached (${reasonOf(cause)})`, { cause })
    }
  }
}

function reasonOf(cause: unknown): string {
  if ((cause as Error).name === 'TimeoutError') return 'no answer in time'
  const text = (cause as { cause?: { message?: unknown } }).cause?.message
  return errnoOf(cause) ?? sanitize(String(text ?? (cause as Error).message), 200)
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checkedUrl({ url, token }: ServerAccess): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username !== '')
    throw new DistError(
      'INVALID_ARGUMENT',
      `server ${sanitize(url, 200)}: https://host[:port] is expected, without a user`,
    )
  const isLoopback = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(parsed.hostname)
  if (parsed.protocol === 'http:' && token !== undefined && !isLoopback)
    throw new DistError(
      'INVALID_ARGUMENT',
      `server ${sanitize(url, 200)}: a token is sent over https only, or to loopback: put a proxy with TLS before the dashboard`,
    )
  return parsed
}
