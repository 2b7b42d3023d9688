import { DistError, isCanceled, throwIfAborted } from '@dist/errdefs'
import type { Capability, Endpoint } from './endpoint.js'
import { hastily } from './probe.js'
import type { Transport } from './transport.js'

/**
 * Calls with one endpoint after the other until one succeeds. All but the last get a single try: there is somebody
 * else to ask. Throws the last one's error, which is the registry's own; the message names what the others said.
 */
export async function firstEndpoint<T>(
  transport: Transport,
  endpoints: readonly Endpoint[],
  capability: Capability,
  what: string,
  signal: AbortSignal | undefined,
  call: (endpoint: Endpoint, transport: Transport) => Promise<T>,
): Promise<T> {
  const able = endpoints.filter(({ capabilities }) => capabilities.includes(capability))
  const last = able.at(-1)
  if (last === undefined)
    throw new DistError('INVALID_ARGUMENT', `${what}: no endpoint is configured that can ${capability}`)
  const hasty = hastily(transport)
  const failures: DistError[] = []
  for (const endpoint of able) {
    throwIfAborted(signal)
    try {
      return await call(endpoint, endpoint === last ? transport : hasty)
    } catch (error) {
      if (!(error instanceof DistError) || isCanceled(error)) throw error
      failures.push(error)
    }
  }
  throw told(failures)
}

function told(failures: readonly DistError[]): DistError {
  const last = failures.at(-1)
  if (last === undefined) return new DistError('INTERNAL', 'no endpoint was asked')
  if (failures.length === 1) return last
  const others = failures.slice(0, -1).map(({ message }) => message)
  const { code, retryable, retryAfter } = last
  return new DistError(code, `${last.message}; before that: ${others.join('; ')}`, {
    cause: last,
    retryable,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}
