import type { GateRequest, Refusal } from '@dist/registry-server'
import { type Credentials, parseAuthorization, type SignIn } from '@dist/sign-in'
import type { Doorman } from '../doorman.js'
import { unauthorized, waitToSignIn } from '../refusals.js'
import type { Rights } from '../rights/rights.js'
import { type Access, catalog, parseScopes, repositoryOf } from './scope.js'
import { type Tokens, tokenSeconds } from './token.js'

/** A token, as the distribution token specification answers it, or the refusal. */
export type TokenAnswer = Issued | Refusal

export interface Issued {
  readonly allowed: true
  /** The address of the client, for the log. */
  readonly client: string
  readonly user: string
  readonly token: IssuedToken
}

export interface IssuedToken {
  readonly token: string
  readonly access_token: string
  readonly expires_in: number
  readonly issued_at: string
}

export interface EndpointParts {
  readonly doorman: Doorman
  readonly signIn: SignIn
  readonly tokens: Tokens
  /** The present rights. */
  readonly rights: () => Rights
}

/** The endpoint that gives out tokens. */
export interface TokenEndpoint {
  /**
   * Answers GET (distribution token specification) and POST with `grant_type=password` (its OAuth 2 form). `body`: the form of a
   * POST. A scope that the user has no right to is left out of the token.
   */
  answer(request: GateRequest, body?: string | undefined): Promise<TokenAnswer>
}

export function tokenEndpoint(parts: EndpointParts): TokenEndpoint {
  return {
    answer: async (request, body) => {
      const { client, network, refusal } = parts.doorman.greet(request)
      if (refusal !== undefined) return refusal
      const asking = await whoAsks(parts, request, body, network)
      if (!asking.allowed) return { ...asking, client }
      return { allowed: true, client, user: asking.user, token: await issue(parts, asking) }
    },
  }
}

/** A user who asks for a token, with the scopes. */
interface Asking {
  readonly allowed: true
  readonly user: string
  readonly scopes: readonly string[]
}

async function whoAsks(
  { signIn }: EndpointParts,
  request: GateRequest,
  body: string | undefined,
  network: string,
): Promise<Asking | Refusal> {
  const asked = request.method === 'POST' ? formOf(body ?? '') : queryOf(request)
  if (asked === undefined) return unsupported
  if (asked.credentials === undefined) return signInFirst('sign in: credentials are required')
  const signedIn = await signIn.check(asked.credentials, network)
  if ('user' in signedIn) return { allowed: true, user: signedIn.user, scopes: asked.scopes }
  if (signedIn.failed === 'later') return waitToSignIn(signedIn.seconds)
  return signInFirst('user name or password is wrong')
}

interface Asked {
  readonly credentials?: Credentials | undefined
  readonly scopes: readonly string[]
}

const unsupported: Refusal = {
  allowed: false,
  status: 400,
  code: 'UNSUPPORTED',
  message: 'the form must have grant_type=password: there are no refresh tokens',
}

function queryOf({ url, headers }: GateRequest): Asked {
  const query = new URLSearchParams(url.split('?')[1] ?? '')
  const authorization = parseAuthorization(headers.authorization)
  const credentials = authorization.kind === 'basic' ? authorization.credentials : undefined
  return { credentials, scopes: query.getAll('scope') }
}

/** Undefined: a form of another grant. */
function formOf(body: string): Asked | undefined {
  const form = new URLSearchParams(body)
  const user = form.get('username')
  const password = form.get('password')
  if (form.get('grant_type') !== 'password' || user === null || password === null) return undefined
  return { credentials: { user, password }, scopes: form.getAll('scope') }
}

async function issue({ tokens, rights }: EndpointParts, { user, scopes }: Asking): Promise<IssuedToken> {
  const access = parseScopes(scopes).flatMap((asked) => granted(rights(), user, asked))
  const issuedAt = new Date().toISOString()
  const token = await tokens.sign({ user, access })
  return { token, access_token: token, expires_in: tokenSeconds, issued_at: issuedAt }
}

/** The part of a scope that the user has a right to. Repositories get their full names. */
function granted(rights: Rights, user: string, { type, name, actions }: Access): Access[] {
  if (type === catalog.type && name === catalog.name)
    return rights.mayList(user) ? [{ type, name, actions: [catalog.action] }] : []
  if (type !== 'repository' || !actions.includes('pull')) return []
  const repository = repositoryOf(name)
  return rights.mayPull(user, repository) ? [{ type, name: repository, actions: ['pull'] }] : []
}

function signInFirst(message: string): Refusal {
  return unauthorized(message, 'Basic realm="dist"')
}
