import type { Endpoint } from './endpoint.js'
import { registryItself } from './request/endpoints.js'
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
  const endpoint = registryItself(endpoints)
  const what = `login at ${new URL(endpoint.url).host}`
  const context = { transport, endpoint, scope: '', what, retry: transport.retry, signal }
  const response = await send(context, { method: 'GET', path: '/' })
  await response.body.discard()
}
