import { createHash, timingSafeEqual } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import { isLoopback, type ListenAddress } from '@dist/settings'

/** The user of the dashboard. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** The properties of a request that access depends on. */
export interface AccessRequest {
  readonly method: string
  readonly authorization: string | undefined
  readonly origin: string | undefined
  /** The `Host` header. */
  readonly host: string | undefined
}

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: 401 | 403
  readonly message: string
}

/**
 * The credentials of the settings, if any. Throws `INVALID_ARGUMENT` when user or password is missing, and when both are
 * missing although the address is not loopback.
 */
export function requiredCredentials(
  { user, password }: { readonly user?: string | undefined; readonly password?: string | undefined },
  listen: ListenAddress,
): Credentials | undefined {
  if (user !== undefined && password !== undefined) return { user, password }
  const how = 'give --user and DIST_DASHBOARD_PASSWORD or DIST_DASHBOARD_PASSWORD_FILE'
  if (user !== undefined || password !== undefined)
    throw new DistError('INVALID_ARGUMENT', `the dashboard needs both a user and a password: ${how}`)
  if (!isLoopback(listen))
    throw new DistError(
      'INVALID_ARGUMENT',
      `--listen ${listen.host}: an address other than loopback requires credentials: ${how}`,
    )
  return undefined
}

/**
 * Checks a request; undefined when it is allowed. Without credentials the dashboard is read-only. With credentials every request
 * needs them, and a request that changes something must come from a page of the dashboard: browsers also send
 * credentials with requests that other pages cause.
 */
export function checkAccess(
  request: AccessRequest,
  credentials: Credentials | undefined,
): Refusal | undefined {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (credentials === undefined) {
    // DNS rebinding: another site may resolve its own name to loopback. Its name is in the Host header.
    if (!isLoopback({ host: hostnameOf(request.host) }))
      return { status: 403, message: 'without credentials the host name must be loopback' }
    return reads ? undefined : { status: 403, message: 'read-only: start the dashboard with credentials' }
  }
  if (!matches(request.authorization, credentials)) return { status: 401, message: 'credentials required' }
  if (reads || sameOrigin(request)) return undefined
  return { status: 403, message: 'changes are allowed only from pages of the dashboard' }
}

function matches(authorization: string | undefined, { user, password }: Credentials): boolean {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  // Digests have equal lengths, so that the comparison takes constant time.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString()), digest(`${user}:${password}`))
}

function sameOrigin({ origin, host }: AccessRequest): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === host.toLowerCase()
}

function hostnameOf(host: string | undefined): string {
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : ''
}
