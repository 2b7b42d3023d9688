import type { Dispatcher } from 'undici'

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/
const target = /^\/[\x21-\x7e]*$/

/**
 * Request line and headers of a GET without a body, as undici writes them. Undefined for every other request: undici sends it,
 * or refuses it.
 */
export function requestText({
  origin,
  path,
  method,
  headers,
  body,
}: Dispatcher.DispatchOptions): string | undefined {
  if (method !== 'GET' || (body !== null && body !== undefined) || !target.test(path)) return undefined
  const lines = [`GET ${path} HTTP/1.1`, `host: ${new URL(String(origin)).host}`, 'connection: keep-alive']
  for (const [name, value] of Object.entries(headers as Readonly<Record<string, string>>)) {
    if (!token.test(name) || !headerValue.test(value) || own.has(name.toLowerCase())) return undefined
    lines.push(`${name}: ${value}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Headers that decide about the connection, or the framing. */
const own: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
])
