import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'

export interface RegistryAuth {
  /** Default: bearer tokens from `/token`. */
  readonly scheme?: 'bearer' | 'basic' | undefined
  /** The user that may sign in. Default: every request for a token gets one; Basic is refused. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** An identity token that is taken for an access token, too. */
  readonly identityToken?: string | undefined
  /** Default: `/token` of the registry itself. */
  readonly realm?: string | undefined
  readonly service?: string | undefined
  /** Seconds, sent as `expires_in`. Default: not sent. */
  readonly lifetime?: number | undefined
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
    const document = { token, expires_in: lifetime }
    return reply(200, { 'content-type': 'application/json' }, JSON.stringify(document))
  }

  /** The 401 that a request gets, or undefined when it is let in. */
  challenge(
    request: RecordedRequest,
    repository: string | undefined,
    registryUrl: string,
  ): Reply | undefined {
    const scopes = neededScopes(request, repository)
    if (this.#isLetIn(request.headers.authorization, scopes)) return undefined
    const scope = scopes.length === 0 ? undefined : scopes.join(' ')
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

  #isLetIn(authorization: string | undefined, needed: readonly string[]): boolean {
    if (this.auth.scheme === 'basic')
      return this.auth.username !== undefined && authorization === this.#basic()
    const scopes = this.#tokens.get(authorization?.replace(/^Bearer /, '') ?? '')
    return scopes !== undefined && needed.every((scope) => scopes.some((given) => covers(given, scope)))
  }

  #basic(): string {
    const { username = '', password = '' } = this.auth
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
}

/** What a request needs: to read its repository, to write to it, or to read the one that it mounts from as well. */
function neededScopes(request: RecordedRequest, repository: string | undefined): string[] {
  if (request.path === '/v2/_catalog') return ['registry:catalog:*']
  return repository === undefined ? [] : scopesFor(request, repository)
}

function scopesFor({ method, query }: RecordedRequest, repository: string): string[] {
  if (method === 'GET' || method === 'HEAD') return [`repository:${repository}:pull`]
  const from = query.get('from')
  const own = `repository:${repository}:pull,push`
  return from === null ? [own] : [own, `repository:${from}:pull`]
}

function covers(given: string, needed: string): boolean {
  const [actions, own] = [given, needed].map((scope) => scope.slice(scope.lastIndexOf(':') + 1).split(','))
  const isSame = given.slice(0, given.lastIndexOf(':')) === needed.slice(0, needed.lastIndexOf(':'))
  return isSame && (own ?? []).every((action) => actions?.includes(action))
}
