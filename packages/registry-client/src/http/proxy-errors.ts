import { DistError, errnoOf } from '@dist/errdefs'

/** Failures to connect to the proxy itself: only the proxy connects to the target. */
const unreached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The error of a connection that the proxy failed; undefined if the target failed. */
export function proxyError(cause: Error, what: string, url: URL, proxy: string): DistError | undefined {
  const code = errnoOf(cause) ?? ''
  if (unreached.has(code))
    return new DistError(
      'UNAVAILABLE',
      `${what}: proxy ${proxy} cannot be reached (${code}); check HTTP_PROXY, HTTPS_PROXY and NO_PROXY`,
      { cause, retryable: code !== 'ENOTFOUND' },
    )
  // undici's message for a refused tunnel or request; it has no code.
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(cause.message) ?? []
  return status === undefined ? undefined : refusal(Number(status), what, url, proxy, cause)
}

function refusal(status: number, what: string, url: URL, proxy: string, cause: Error): DistError {
  if (status === 407)
    return new DistError(
      'UNAUTHENTICATED',
      `${what}: proxy ${proxy} requires a login (407); check user and password in ${url.protocol === 'http:' ? 'HTTP_PROXY' : 'HTTPS_PROXY'}`,
      { cause },
    )
  if (status === 403)
    return new DistError(
      'PERMISSION_DENIED',
      `${what}: proxy ${proxy} forbids connections to ${url.host} (403)`,
      {
        cause,
      },
    )
  return new DistError('UNAVAILABLE', `${what}: proxy ${proxy} cannot reach ${url.host} (${status})`, {
    cause,
    retryable: status >= 500 || status === 429 || status === 408,
  })
}
