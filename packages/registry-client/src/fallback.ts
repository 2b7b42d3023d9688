import { DistError, isCanceled, reword, throwIfAborted } from '@dist/errdefs'
import type { Capability, Endpoint } from './endpoint.js'

/**
 * Calls with one endpoint after the other until one succeeds; one that is paused fails at once. Throws the last one's error, which is the registry's own; the message names what the others said.
 */
export async function firstEndpoint<T>(
  endpoints: readonly Endpoint[],
  capability: Capability,
  what: string,
  signal: AbortSignal | undefined,
  call: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const able = endpoints.filter(({ capabilities }) => capabilities.includes(capability))
  if (able.length === 0)
    throw new DistError('INVALID_ARGUMENT', `${what}: no endpoint is configured that can ${capability}`)
  const failures: DistError[] = []
  for (const endpoint of able) {
    throwIfAborted(signal)
    try {
      return await call(endpoint)
    } catch (error) {
      if (!(error instanceof DistError) || isCanceled(error)) throw error
      failures.push(error)
    }
  }
  throw combineErrors(failures)
}

function combineErrors(failures: readonly DistError[]): DistError {
  const last = failures.at(-1)
  if (last === undefined) return new DistError('INTERNAL', 'no endpoint was asked')
  if (failures.length === 1) return last
  const others = failures.slice(0, -1).map(({ message }) => message)
  return reword(last, `${last.message}; before that: ${others.join('; ')}`)
}
