import type { Endpoint } from './endpoint.js'
import { send } from './request/send.js'
import type { Transport } from './transport.js'

/**
 * Sends `GET /v2/` to the endpoint of the registry itself, authorized as every other request (distribution-spec,
 * "Determining support"). Throws `UNAUTHENTICATED` or `PERMISSION_DENIED` where the registry refuses the credentials.
 */
export async function ping(
  transport: Transport,
  endpoints: readonly Endpoint[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const endpoint = endpoints.find(({ mirrorOf }) => mirrorOf === undefined) ?? endpoints[0]
  if (endpoint === undefined) return
  const what = `login at ${new URL(endpoint.url).host}`
  const context = { transport, endpoint, scope: '', what, retry: transport.retry, signal }
  const response = await send(context, { method: 'GET', path: '/' })
  await response.body.discard()
}
