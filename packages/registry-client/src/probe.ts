import { DistError, isCanceled } from '@dist/errdefs'
import { isOfHost } from './http/errors.js'
import type { Response } from './http/exchange.js'
import { isOfLogin } from './retry.js'
import { type RegistryRequest, send } from './send.js'
import type { Transport } from './transport.js'

/**
 * `send`, for what can be had in another way too (R29): asked once, and whatever comes is an answer, an error one of
 * its kinds. Registries refuse such requests with any status, and whoever waits for a better one loses the time that
 * the other way takes. Throws as `tried`.
 */
export function probe(transport: Transport, request: RegistryRequest): Promise<Response | DistError> {
  return tried(transport, (hasty) => send(hasty, { ...request, optional: true }))
}

/**
 * What a call gives, or the error of its single try. Throws `CANCELED`, and the errors that would meet the other way as
 * well: of a host that cannot be reached, that is paused, or that is asked too much.
 */
export async function tried<T>(
  transport: Transport,
  call: (hasty: Transport) => Promise<T>,
): Promise<T | DistError> {
  try {
    return await call(hastily(transport))
  } catch (error) {
    if (isAnswer(error)) return error
    throw error
  }
}

/** Whether an error is what a registry answered to one request, and says nothing of others. */
export function isAnswer(error: unknown): error is DistError {
  return error instanceof DistError && !isCanceled(error) && !isOfHost(error)
}

/** The transport for a single try. */
export function hastily(transport: Transport): Transport {
  return { ...transport, retry: { ...transport.retry, attempts: 1 } }
}

/**
 * The answer to the HEAD of what a GET is for, where it is one of success or of `accept`. Undefined: the GET is the
 * better question. Throws as `tried`, and why signing in failed.
 */
export async function headed(transport: Transport, request: RegistryRequest): Promise<Response | undefined> {
  const answer = await probe(transport, { ...request, method: 'HEAD' })
  return orUndefined(answer)
}

/** An answer of success; undefined for another one. Throws why signing in failed: the other way would fail in the same way. */
export function orUndefined<T>(answer: T | DistError): T | undefined {
  if (!(answer instanceof DistError)) return answer
  if (isOfLogin(answer)) throw answer
  return undefined
}
