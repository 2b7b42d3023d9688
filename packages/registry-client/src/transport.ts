import { createHostLimiter, type HostLimiter } from '@dist/remotes'
import { type Authorizer, anonymous } from './auth/authorizer.js'
import { type Agents, type AgentsOptions, createAgents } from './http/agents.js'
import { type BytesListener, defaultTimeouts, type RequestEvent, type Timeouts } from './http/exchange.js'
import { defaultRetry, type RetryPolicy } from './request/retry.js'

export interface TransportOptions extends AgentsOptions {
  /** Default: no authorization; a 401 is an error. */
  readonly authorizer?: Authorizer | undefined
  /** Default: a new one with default policy. */
  readonly limiter?: HostLimiter | undefined
  /**
   * Milliseconds. Defaults: 20 s for headers, 5 min for headers after sent content, 30 s between two pieces of a body, 1 KiB/s
   * over 30 s.
   */
  readonly timeouts?: Partial<Timeouts> | undefined
  /** Defaults: 2 attempts, 0.25 s between them, a `Retry-After` of 15 min at most. */
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly userAgent?: string | undefined
  /** Bodies of at least so many bytes are read by a `Receiver`. Default: 256 KiB. `Infinity`: undici reads all. */
  readonly largeBody?: number | undefined
  /** Called after each request, with its URL redacted. Must not throw. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  readonly onBytes?: BytesListener | undefined
  /** As in `ReportedOptions`. */
  readonly onAsk?: ((host: string) => () => void) | undefined
  /** Connections of the caller. Default: new ones, closed on dispose. */
  readonly agents?: Agents | undefined
}

/** Connections, authorization, limits, time-outs and retries of all transfers. Dispose closes the connections. */
export interface Transport extends AsyncDisposable {
  readonly agents: Agents
  readonly authorizer: Authorizer
  readonly limiter: HostLimiter
  readonly timeouts: Timeouts
  readonly retry: RetryPolicy
  readonly userAgent: string
  readonly largeBody: number
  readonly onRequest: ((event: RequestEvent) => void) | undefined
  readonly onBytes: BytesListener | undefined
  readonly onAsk: ((host: string) => () => void) | undefined
}

const defaultUserAgent = 'dist/0.1'
const defaultLargeBody = 256 * 1024

export function createTransport(options: TransportOptions = {}): Transport {
  const agents = options.agents ?? createAgents(options)
  return {
    agents,
    authorizer: options.authorizer ?? anonymous,
    limiter: options.limiter ?? createHostLimiter(),
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    retry: { ...defaultRetry, ...options.retry },
    userAgent: options.userAgent ?? defaultUserAgent,
    largeBody: options.largeBody ?? defaultLargeBody,
    onRequest: options.onRequest,
    onBytes: options.onBytes,
    onAsk: options.onAsk,
    async [Symbol.asyncDispose]() {
      if (options.agents === undefined) await agents[Symbol.asyncDispose]()
    },
  }
}
