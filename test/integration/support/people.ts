import { request } from 'node:http'
import { expect } from 'vitest'
import { type StartedService, startService } from './services.js'
import type { Workspace } from './workspace.js'

/** The password of the users of tests, and its hash as `htpasswd -B` writes it. */
export const password = 'testpassword'
const hash = '$2y$05$distregistrytestsalt0uJwL55Bq.DtQ2bj.CkVcdldyHpmuvcLy'

/** The line of a user. Without a role it is that of `htpasswd`. */
export function userLine(name: string, role = ''): string {
  return role === '' ? `${name}:${hash}` : `${name}:${hash}:${role}`
}

/** A dashboard with users, and what people do with it. */
export class PeopleWorld {
  private constructor(
    readonly dashboard: StartedService,
    readonly url: string,
    private readonly origin: string,
  ) {}

  /** `origin`: of the pages, if it is not the URL. */
  static async start(
    workspace: Workspace,
    env: Readonly<Record<string, string>>,
    args: readonly string[],
    origin?: string,
  ): Promise<PeopleWorld> {
    const dashboard = startService(workspace, 'dashboard', { env, args })
    const url = await dashboard.url()
    return new PeopleWorld(dashboard, url, origin ?? url)
  }

  /** Signs in; resolves to the answer. */
  post(user: string, secret = password, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.origin, ...headers },
      body: JSON.stringify({ user, password: secret }),
    })
  }

  /** Signs in; resolves to the headers that the pages of the session send. */
  async signIn(user: string, headers: Readonly<Record<string, string>> = {}): Promise<PageHeaders> {
    const answer = await this.post(user, password, headers)
    expect([user, answer.status]).toEqual([user, 200])
    return { ...headers, ...cookieOf(answer), origin: this.origin }
  }

  /** Who makes a request, as `GET /session` tells. */
  async session(headers: Readonly<Record<string, string>>): Promise<SessionAnswer> {
    return (await (await fetch(`${this.url}/api/v1/session`, { headers })).json()) as SessionAnswer
  }

  /** The lines of the log about changes. */
  changes(): object[] {
    return this.dashboard.lines().filter(({ msg }) => msg === 'change' || msg === 'change refused')
  }
}

export interface PageHeaders {
  readonly [name: string]: string
  readonly cookie: string
  readonly origin: string
}

export interface SessionAnswer {
  readonly caller?: { readonly kind: string; readonly name: string }
  readonly scopes: readonly string[]
  readonly users: boolean
  readonly until?: string
}

/** The cookie that an answer has set. */
export function cookieOf({ headers }: Response): { cookie: string } {
  return { cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

/** The cookie of a session under the name that it has at another dashboard of the queue: the name has the port. */
export function cookieAt(url: string, cookie: string): string {
  return cookie.replace(/^dist_session_\d+/, `dist_session_${new URL(url).port}`)
}

/** The status of a request, whose path and `Host` are sent as they are given. */
export function statusOf(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<number | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers, method }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
