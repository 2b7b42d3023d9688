import type { DistError } from '@dist/errdefs'
import type { HostLimiter, RequestClass } from '@dist/remotes'
import { isHostFailure, isHostWide } from './errors.js'
import {
  type Connections,
  type ExchangeOptions,
  type ExchangeRequest,
  exchange,
  type Response,
} from './exchange.js'
import { isBulk } from './outgoing.js'

export interface ReportedOptions extends ExchangeOptions {
  readonly limiter: HostLimiter
  /** The class of the request at its host. Default: as `RequestClass`. */
  readonly about?: RequestClass | undefined
  /** Called before each request with its host; the returned function is called at the answer or the failure. Must not throw. */
  readonly onAsk?: ((host: string) => () => void) | undefined
}

/**
 * `exchange` with a report to the limiter: a host without an answer is paused, one that answers is not. An answer that may
 * ask for a pause is left to `reportAnswer`.
 */
export async function reportedExchange(
  connections: Connections,
  request: ExchangeRequest,
  { limiter, about, onAsk, ...options }: ReportedOptions,
): Promise<Response> {
  const startedAt = performance.now()
  const ended = onAsk?.(request.url.host)
  try {
    const response = await exchange(connections, request, options)
    // Not awaited: the body must not wait for the limiter.
    if (!mayAskForPause(response)) {
      const latency = isBulk(request.body) ? undefined : response.waited
      void limiter.answered(request.url.host, { ...about, latency }).catch(() => {})
    }
    return response
  } catch (error) {
    if (isHostFailure(error)) {
      const after = performance.now() - startedAt
      await limiter.failed(error.host, error.because, { after })
    }
    throw error
  } finally {
    ended?.()
  }
}

/**
 * Reports an answer that may ask for a pause, with the error that it stands for. Resolves to the milliseconds after which the
 * request may be sent again; undefined if its host is paused, or does not ask for a pause.
 */
export async function reportAnswer(
  limiter: HostLimiter,
  response: Response,
  error: DistError,
  about: RequestClass = {},
): Promise<number | undefined> {
  if (!mayAskForPause(response)) return undefined
  const { host } = response.url
  if (!isHostWide(error)) {
    await limiter.answered(host, about)
    return undefined
  }
  const options = { after: response.waited, ...about }
  return await limiter.refused(host, error.retryAfter, error.because ?? error.message, options)
}

/** Some hosts ask for a pause by 403 and an error code. */
function mayAskForPause({ status, headers }: Response): boolean {
  return status === 429 || status === 403 || (status >= 400 && headers['retry-after'] !== undefined)
}
