import { createHash, timingSafeEqual } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import { isLoopback, type ListenAddress } from '@dist/settings'

/** Who may sign in. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** Of a request what decides whether it is answered. */
export interface Asking {
  readonly method: string
  readonly authorization: string | undefined
  readonly origin: string | undefined
  /** The `Host` header. */
  readonly host: string | undefined
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 401 | 403
  readonly message: string
}

/**
 * The credentials of the settings. Throws `INVALID_ARGUMENT` when only half of them is there, and when there are none
 * although others than this machine can reach the dashboard.
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
    throw new DistError('INVALID_ARGUMENT', `${listen.host} is more than loopback: ${how}`)
  return undefined
}

/**
 * Whether a request is refused. Without credentials it is read only; with them everything asks for them, and what
 * changes something has to come from a page of the dashboard's own: a browser sends credentials along with whatever
 * another page makes it send.
 */
export function refusal(asking: Asking, credentials: Credentials | undefined): Refusal | undefined {
  const reads = asking.method === 'GET' || asking.method === 'HEAD'
  if (credentials === undefined) {
    // A page elsewhere may give its own name this machine's address (DNS rebinding): the name tells.
    if (!isLoopback({ host: hostnameOf(asking.host) }))
      return { status: 403, message: 'without credentials it answers to the names of loopback only' }
    return reads ? undefined : { status: 403, message: 'read only: start it with credentials' }
  }
  if (!matches(asking.authorization, credentials)) return { status: 401, message: 'sign in' }
  if (reads || sameOrigin(asking)) return undefined
  return { status: 403, message: 'changes come from the dashboard’s own pages only' }
}

function matches(authorization: string | undefined, { user, password }: Credentials): boolean {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  // Of the same length whatever was sent, so that the time tells nothing.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString()), digest(`${user}:${password}`))
}

function sameOrigin({ origin, host }: Asking): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === host.toLowerCase()
}

function hostnameOf(host: string | undefined): string {
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : ''
}
