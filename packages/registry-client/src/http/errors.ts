import { DistError, errnoOf, isCanceled, isPaused, reword, sanitize } from '@dist/errdefs'
import { proxyError } from './proxy-errors.js'

const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

interface ConnectionDetails {
  /** Milliseconds, as in `Timeouts`. */
  readonly headers: number
  readonly body: number
  /** The URL of the proxy in between. */
  readonly proxy?: string | undefined
}

/** The error of a failed connection. Retryable only if a later attempt may succeed. */
export function connectionError(cause: Error, what: string, url: URL, details: ConnectionDetails): DistError {
  if (cause instanceof DistError) return withObject(cause, what)
  const ofProxy = details.proxy === undefined ? undefined : proxyError(cause, what, url, details.proxy)
  if (ofProxy !== undefined) return ofProxy
  const code = errnoOf(cause) ?? ''
  const { host } = url
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return new DistError('CANCELED', `${what}: client closed`, { cause })
  const permanent = permanentFailure(code, cause, url)
  if (permanent !== undefined)
    return new DistError('UNAVAILABLE', `${what}: ${permanent}`, {
      cause,
      retryable: false,
      host,
      because: permanent,
    })
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return new DistError('MALFORMED', `${what}: headers exceed the limit of 16 KiB (${url.host})`, {
      cause,
    })
  const because = temporaryFailure(code, cause, url, details)
  const kind = code === 'UND_ERR_BODY_TIMEOUT' ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE'
  return new DistError(kind, `${what}: ${because}`, { cause, retryable: true, host, because })
}

/** Calls, and puts the name of the object before the message of a `DistError`. */
export async function withObjectName<T>(what: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw error instanceof DistError && !isCanceled(error) ? withObject(error, what) : error
  }
}

function withObject(error: DistError, what: string): DistError {
  return reword(error, `${what}: ${error.message}`)
}

/** Whether the host gave no answer at all: other requests to it will fail, too. */
export function isHostFailure(error: unknown): error is DistError & { host: string; because: string } {
  return error instanceof DistError && error.because !== undefined && noAnswerCodes.has(errnoOf(error) ?? '')
}

/** Whether an error concerns all requests to the host, and not this one alone. */
export function isHostWide(error: unknown): boolean {
  if (isHostFailure(error) || isPaused(error)) return true
  // 429 and `Retry-After` ask for a pause.
  return (
    error instanceof DistError &&
    error.retryable &&
    (error.code === 'RESOURCE_EXHAUSTED' || error.retryAfter !== undefined)
  )
}

const noAnswerCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function permanentFailure(code: string, cause: Error, url: URL): string | undefined {
  if (certificateCodes.has(code))
    return `certificate of ${url.host} is not trusted (${code}); set its authority as "ca" in hosts.toml, or by --ca-file ${url.host}=FILE`
  if (isPlain(code, cause)) return `${url.host} speaks plain http, not TLS; ${plainAdvice(url)}`
  return undefined
}

/** Whether the bytes in place of a TLS record are the start of an HTTP answer. */
export function isPlain(code: string, { message }: Error): boolean {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return true
  return code === 'EPROTO' && /wrong version number|packet length too long/i.test(message)
}

function plainAdvice({ host }: URL): string {
  return `to allow it, add --plain-http ${host}, or set server = "http://${host}" in hosts.toml`
}

function temporaryFailure(code: string, cause: Error, url: URL, details: ConnectionDetails): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `${url.host} refuses the connection; check host and port, and whether the registry runs`
    case 'ENOTFOUND':
      return `host ${url.hostname} is unknown; check its spelling, and the name servers`
    case 'EAI_AGAIN':
      return `name servers did not answer for ${url.hostname}`
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${url.host} cannot be reached (${code}); check the network, and whether a proxy is needed`
    case 'UND_ERR_HEADERS_TIMEOUT':
      return `${url.host} did not answer within ${details.headers / 1000} s`
    case 'UND_ERR_BODY_TIMEOUT':
      return `${url.host} stopped sending for ${details.body / 1000} s`
    default:
      if (url.protocol === 'https:' && cause.message.includes('before secure TLS connection'))
        return `${url.host} closed the connection during the TLS handshake (${code}): it may speak plain http; ${plainAdvice(url)}`
      return `connection to ${url.host} broke (${code || sanitize(cause.message, 120)})`
  }
}
