import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'

export interface RegistryAuth {
  /** Default: bearer tokens from `/token`. */
  readonly scheme?: 'bearer' | 'basic'
  /** Who may come in. Default: everybody gets a token; Basic lets nobody in. */
  readonly username?: string
  readonly password?: string
  /** An identity token that is taken for an access token, too. */
  readonly identityToken?: string
  /** Default: `/token` of the registry itself. */
  readonly realm?: string
  readonly service?: string
  /** Seconds, as `expires_in` says. Default: none is said. */
  readonly lifetime?: number
}

/** Issues tokens and checks them. Each counts for the scopes that it was asked for. */
export class TokenServer {
  readonly #tokens = new Map<string, readonly string[]>()
  #issued = 0

  constructor(private readonly auth: RegistryAuth) {}

  /** Takes all tokens back: the next request with one gets a 401. */
  revoke(): void {
    this.#tokens.clear()
  }

  issue(request: RecordedRequest): Reply {
    if (!this.#mayHave(request)) return errorReply(401, 'UNAUTHORIZED', 'incorrect username or password')
    const form = request.method === 'POST' ? new URLSearchParams(request.body) : request.query
    const token = `token-${++this.#issued}`
    this.#tokens.set(
      token,
      form.getAll('scope').flatMap((scope) => scope.split(' ')),
    )
    const { lifetime } = this.auth
    const document = { token, ...(lifetime === undefined ? {} : { expires_in: lifetime }) }
    return reply(200, { 'content-type': 'application/json' }, JSON.stringify(document))
  }

  /** The 401 that a request gets, or undefined when it is let in. */
  challenge(
    request: RecordedRequest,
    repository: string | undefined,
    registryUrl: string,
  ): Reply | undefined {
    const scope = repository === undefined ? undefined : `repository:${repository}:pull`
    if (this.#isLetIn(request.headers.authorization, scope)) return undefined
    const { scheme = 'bearer', realm = `${registryUrl}/token`, service = 'scripted' } = this.auth
    const challenge =
      scheme === 'basic'
        ? `Basic realm="${service}"`
        : `Bearer realm="${realm}",service="${service}"${scope === undefined ? '' : `,scope="${scope}"`}`
    return errorReply(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge })
  }

  #mayHave(request: RecordedRequest): boolean {
    const { username, identityToken } = this.auth
    if (request.method === 'POST')
      return (
        identityToken !== undefined &&
        new URLSearchParams(request.body).get('refresh_token') === identityToken
      )
    return username === undefined || request.headers.authorization === this.#basic()
  }

  #isLetIn(authorization: string | undefined, scope: string | undefined): boolean {
    if (this.auth.scheme === 'basic')
      return this.auth.username !== undefined && authorization === this.#basic()
    const scopes = this.#tokens.get(authorization?.replace(/^Bearer /, '') ?? '')
    return scopes !== undefined && (scope === undefined || scopes.includes(scope))
  }

  #basic(): string {
    const { username = '', password = '' } = this.auth
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
}
