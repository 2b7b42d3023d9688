import { DistError, errnoOf } from '@dist/errdefs'

/** Where the proxy is what could not be reached: whom it leads to is connected to by itself. */
const unreached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What a failed connection through a proxy means, where the proxy is to blame. */
export function proxyError(cause: Error, what: string, url: URL, proxy: string): DistError | undefined {
  const code = errnoOf(cause) ?? ''
  if (unreached.has(code))
    return new DistError(
      'UNAVAILABLE',
      `${what}: the proxy ${proxy} cannot be reached (${code}): check HTTP_PROXY, HTTPS_PROXY and NO_PROXY`,
      { cause, retryable: code !== 'ENOTFOUND' },
    )
  // undici's words where a tunnel or a request is refused; it gives no code of its own.
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(cause.message) ?? []
  return status === undefined ? undefined : refusal(Number(status), what, url, proxy, cause)
}

function refusal(status: number, what: string, url: URL, proxy: string, cause: Error): DistError {
  if (status === 407)
    return new DistError(
      'UNAUTHENTICATED',
      `${what}: the proxy ${proxy} wants a login (407): check user and password in ${url.protocol === 'http:' ? 'HTTP_PROXY' : 'HTTPS_PROXY'}`,
      { cause },
    )
  if (status === 403)
    return new DistError(
      'PERMISSION_DENIED',
      `${what}: the proxy ${proxy} leads nobody to ${url.host} (403)`,
      {
        cause,
      },
    )
  return new DistError('UNAVAILABLE', `${what}: the proxy ${proxy} does not reach ${url.host} (${status})`, {
    cause,
    retryable: status >= 500 || status === 429 || status === 408,
  })
}
