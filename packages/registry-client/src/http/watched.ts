import type { DistError } from '@dist/errdefs'
import type { HostLimiter } from '@dist/remotes'
import { isHostFailure, isOfHost } from './errors.js'
import {
  type Connections,
  type ExchangeOptions,
  type ExchangeRequest,
  exchange,
  type Response,
} from './exchange.js'

export interface WatchedOptions extends ExchangeOptions {
  readonly limiter: HostLimiter
  /** Told that a host is asked; what it gives is called once that has answered, or will not. Must not throw. */
  readonly onAsk?: ((host: string) => () => void) | undefined | undefined
}

/**
 * `exchange`, of which the limiter hears: a host that gives no answer is paused for everybody, one that answers is
 * back. Of an answer that may ask for a pause only `pauseAsAsked` knows.
 */
export async function watchedExchange(
  connections: Connections,
  request: ExchangeRequest,
  { limiter, onAsk, ...options }: WatchedOptions,
): Promise<Response> {
  const began = performance.now()
  const ended = onAsk?.(request.url.host)
  try {
    const response = await exchange(connections, request, options)
    // The request must not wait for what others are told.
    if (!mayAskForPause(response)) void limiter.answered(request.url.host).catch(() => {})
    return response
  } catch (error) {
    if (isHostFailure(error)) {
      const after = performance.now() - began
      await limiter.failed(error.host, error.because, { after })
    }
    throw error
  } finally {
    ended?.()
  }
}

/** Pauses the host for everybody where its answer, of which this is the error, asks for that; else it is back. */
export async function pauseAsAsked(
  limiter: HostLimiter,
  response: Response,
  error: DistError,
): Promise<void> {
  if (!mayAskForPause(response)) return
  const { host } = response.url
  if (!isOfHost(error)) return limiter.answered(host)
  const options = { after: response.waited }
  await limiter.pause(host, error.retryAfter, error.because ?? error.message, options)
}

/** Whether the host may want to be left alone for a while. Some say so with 403, and a code. */
function mayAskForPause({ status, headers }: Response): boolean {
  return status === 429 || status === 403 || (status >= 400 && headers['retry-after'] !== undefined)
}
