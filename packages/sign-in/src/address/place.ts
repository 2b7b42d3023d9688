import { type ClientRequest, isEncrypted, type ProxyCheck } from './client.js'

/** A host as URLs have it, with or without a port. */
const hostGrammar = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** The host of a request without its port: `mirror.example.com`, `::1`. Empty where the header has none. */
export function hostnameOf({ headers }: Pick<ClientRequest, 'headers'>): string {
  const { host = '' } = headers
  if (!hostGrammar.test(host)) return ''
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}

/**
 * Where clients reach this server: `publicUrl`, else what the request says. Undefined where its header `Host` is not a host,
 * which no client sends.
 */
export function placeOf(
  request: ClientRequest,
  { isProxy, publicUrl }: { isProxy: ProxyCheck; publicUrl?: string | undefined },
): string | undefined {
  if (publicUrl !== undefined) return publicUrl
  const { host = '' } = request.headers
  if (!hostGrammar.test(host)) return undefined
  return `${isEncrypted(request, isProxy) ? 'https' : 'http'}://${host}`
}
