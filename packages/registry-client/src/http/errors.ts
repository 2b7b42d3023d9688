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

interface Circumstances {
  /** Milliseconds, as in `Timeouts`. */
  readonly headers: number
  readonly body: number
  /** The URL of the proxy in between. */
  readonly proxy?: string | undefined
}

/** What a connection that failed means. Only what a later try can change is retryable. */
export function connectionError(cause: Error, what: string, url: URL, waits: Circumstances): DistError {
  if (cause instanceof DistError) return withObject(cause, what)
  const ofProxy = waits.proxy === undefined ? undefined : proxyError(cause, what, url, waits.proxy)
  if (ofProxy !== undefined) return ofProxy
  const code = errnoOf(cause) ?? ''
  const { host } = url
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return new DistError('CANCELED', `${what}: the client was closed`, { cause })
  const permanent = permanentFailure(code, cause, url)
  if (permanent !== undefined)
    return new DistError('UNAVAILABLE', `${what}: ${permanent}`, {
      cause,
      retryable: false,
      host,
      because: permanent,
    })
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return new DistError('MALFORMED', `${what}: ${url.host} sent more headers than are read (16 KiB)`, {
      cause,
    })
  // undici gives its parser's errors no code. A connection that only ends too early is none of them.
  if (cause.name === 'HTTPParserError')
    return new DistError('MALFORMED', `${what}: ${url.host} does not speak HTTP here`, { cause })
  const because = passingFailure(code, cause, url, waits)
  const kind = code === 'UND_ERR_BODY_TIMEOUT' ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE'
  return new DistError(kind, `${what}: ${because}`, { cause, retryable: true, host, because })
}

/** Calls; what an error says of a host gets the name of the object that it is about. */
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

/** Whether the host gave no answer at all, as others who ask it will not get one either. */
export function isHostFailure(error: unknown): error is DistError & { host: string; because: string } {
  return error instanceof DistError && error.because !== undefined && silences.has(errnoOf(error) ?? '')
}

/** Whether an error holds for everything that the host is asked, not for this request. */
export function isHostWide(error: unknown): boolean {
  if (isHostFailure(error) || isPaused(error)) return true
  // A 429, and what names a time, is a wish of the host.
  return (
    error instanceof DistError &&
    error.retryable &&
    (error.code === 'RESOURCE_EXHAUSTED' || error.retryAfter !== undefined)
  )
}

const silences: ReadonlySet<string> = new Set([
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
    return `the certificate of ${url.host} is not trusted (${code}): give its authority as "ca" in hosts.toml, or by --ca-file ${url.host}=FILE`
  if (isPlain(code, cause)) return `${url.host} speaks plain http, not TLS: ${plainAdvice(url)}`
  return undefined
}

/** Whether what came in place of a TLS record can be none, as the start of an answer in HTTP. */
function isPlain(code: string, { message }: Error): boolean {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return true
  return code === 'EPROTO' && /wrong version number|packet length too long/i.test(message)
}

function plainAdvice({ host }: URL): string {
  return `if that is right, give --plain-http ${host}, or say server = "http://${host}" in hosts.toml`
}

function passingFailure(code: string, cause: Error, url: URL, waits: Circumstances): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `${url.host} refuses the connection: check host and port, and whether the registry runs`
    case 'ENOTFOUND':
      return `the host ${url.hostname} is unknown: check its spelling, and the name servers`
    case 'EAI_AGAIN':
      return `the name servers did not answer for ${url.hostname}`
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${url.host} cannot be reached (${code}): check the network, and whether a proxy is needed`
    case 'UND_ERR_HEADERS_TIMEOUT':
      return `${url.host} did not answer within ${waits.headers / 1000} s`
    case 'UND_ERR_BODY_TIMEOUT':
      return `${url.host} stopped sending for ${waits.body / 1000} s`
    default:
      if (url.protocol === 'https:' && cause.message.includes('before secure TLS connection'))
        return `${url.host} ended the connection while TLS began (${code}): it may speak plain http; ${plainAdvice(url)}`
      return `the connection to ${url.host} broke (${code || sanitize(cause.message, 120)})`
  }
}
