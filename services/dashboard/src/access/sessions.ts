import type { IncomingHttpHeaders } from 'node:http'
import type { Sessions } from '@dist/runs'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { User, Users } from './users.js'

/** The session of a request. */
export interface OpenSession {
  readonly user: User
  /** When it ends, unless it is used. */
  readonly until: Date
}

/** Keeps the secrets of sessions in cookies that scripts cannot read and that browsers send to the dashboard's own pages only. */
export class SessionDoor {
  /** Browsers reach the dashboard by https. */
  readonly #isSecure: boolean

  /** `publicUrl`: where browsers reach the dashboard. Default: at the host of the request, without TLS. */
  constructor(
    private readonly sessions: Sessions,
    private readonly publicUrl?: string | undefined,
  ) {
    this.#isSecure = publicUrl?.startsWith('https:') === true
  }

  /** The session of a request. Undefined: none, or the user is gone or has another password. */
  async find(headers: IncomingHttpHeaders, users: Pick<Users, 'find'>): Promise<OpenSession | undefined> {
    const secret = this.#secretOf(headers)
    const session = secret === undefined ? undefined : await this.sessions.find(secret)
    const user = session && users.find(session.user)
    return session && user && session.holds(user.credential) ? { user, until: session.until } : undefined
  }

  /** Begins a session; one that the request had ends. Resolves to the value of `Set-Cookie`. */
  async begin(user: User, headers: IncomingHttpHeaders): Promise<string> {
    await this.end(headers)
    return this.#cookie(headers, await this.sessions.begin(user.name, user.credential))
  }

  /** Ends the session of a request, if it has one. Resolves to the value of `Set-Cookie`. */
  async end(headers: IncomingHttpHeaders): Promise<string> {
    const secret = this.#secretOf(headers)
    if (secret !== undefined) await this.sessions.end(secret)
    return this.#cookie(headers, '', 0)
  }

  #secretOf(headers: IncomingHttpHeaders): string | undefined {
    const { cookie } = headers
    return cookie === undefined ? undefined : parseCookie(cookie)[this.#nameFor(headers)]
  }

  #cookie(headers: IncomingHttpHeaders, value: string, maxAge?: number): string {
    const name = this.#nameFor(headers)
    const safe = { path: '/', httpOnly: true, sameSite: 'strict', secure: this.#isSecure } as const
    return stringifySetCookie({ name, value, ...safe, ...(maxAge === undefined ? {} : { maxAge }) })
  }

  /** Browsers send a cookie to all ports of its host: dashboards at several ports have cookies of several names. */
  #nameFor({ host }: IncomingHttpHeaders): string {
    const port = portOf(this.publicUrl ?? `http://${host}`)
    // Browsers take no cookie of this name from another host of the domain, nor without TLS.
    return `${this.#isSecure ? '__Host-' : ''}dist_session${port === '' ? '' : `_${port}`}`
  }
}

/** Empty for the usual port of its scheme. */
function portOf(url: string): string {
  return URL.canParse(url) ? new URL(url).port : ''
}
