import type { Admission, Gate, GateRequest, Refusal, Wanted } from '@dist/registry-server'
import { type Credentials, parseAuthorization, placeOf, type SignIn } from '@dist/sign-in'
import type { Doorman, Greeted } from './doorman.js'
import { denied, unauthorized, waitToSignIn } from './refusals.js'
import type { Rights } from './rights/rights.js'
import { type Access, catalog, catalogScope, scopeOf } from './token/scope.js'
import { service, type Tokens } from './token/token.js'

/** What decides who may read, where users sign in. */
export interface SignedParts {
  readonly doorman: Doorman
  readonly signIn: SignIn
  readonly tokens: Tokens
  /** The present rights. */
  readonly rights: () => Rights
  readonly publicUrl?: string | undefined
}

/** The path of the token endpoint. */
export const tokenPath = '/token'

/**
 * Admits users: by name and password with each request, or by a token. Of a repository their rights decide; a token must also
 * name it in its scope.
 */
export function signedGate(parts: SignedParts): Gate {
  return {
    admit: async (request, wanted) => {
      const greeted = parts.doorman.greet(request)
      if (greeted.refusal !== undefined) return greeted.refusal
      const admission = await admitKnown(parts, request, wanted, greeted)
      return admission.allowed ? admission : { ...admission, client: greeted.client }
    },
  }
}

async function admitKnown(
  parts: SignedParts,
  request: GateRequest,
  wanted: Wanted,
  greeted: Greeted,
): Promise<Admission> {
  const authorization = parseAuthorization(request.headers.authorization)
  if (authorization.kind === 'basic')
    return await admitPassword(parts, request, wanted, authorization.credentials, greeted)
  if (authorization.kind === 'bearer')
    return await admitToken(parts, request, wanted, authorization.token, greeted)
  return challenge(parts, request, wanted, 'sign in: credentials are required')
}

async function admitPassword(
  parts: SignedParts,
  request: GateRequest,
  wanted: Wanted,
  credentials: Credentials,
  { client, network }: Greeted,
): Promise<Admission> {
  const signedIn = await parts.signIn.check(credentials, network)
  if ('user' in signedIn) return admitUser(parts.rights(), signedIn.user, client, wanted)
  if (signedIn.failed === 'later') return waitToSignIn(signedIn.seconds)
  return challenge(parts, request, wanted, 'user name or password is wrong')
}

async function admitToken(
  parts: SignedParts,
  request: GateRequest,
  wanted: Wanted,
  token: string,
  { client }: Greeted,
): Promise<Admission> {
  const claims = await parts.tokens.verify(token)
  if (claims === undefined || !parts.signIn.knows(claims.user))
    return challenge(parts, request, wanted, 'the token is not valid, or no longer', 'invalid_token')
  const admission = admitUser(parts.rights(), claims.user, client, wanted)
  if (!admission.allowed || covers(claims.access, wanted)) return admission
  return challenge(parts, request, wanted, 'the token has another scope', 'insufficient_scope')
}

function admitUser(rights: Rights, user: string, client: string, wanted: Wanted): Admission {
  if (wanted.kind === 'repository' && !rights.mayPull(user, wanted.repository))
    return denied('this user may not read the repository')
  if (wanted.kind === 'catalog' && !rights.mayList(user))
    return denied('only users who may read all repositories may list them')
  return { allowed: true, client, user }
}

function covers(access: readonly Access[], wanted: Wanted): boolean {
  if (wanted.kind === 'base') return true
  const [type, name, action] =
    wanted.kind === 'catalog'
      ? [catalog.type, catalog.name, catalog.action]
      : ['repository', wanted.repository, 'pull']
  return access.some((each) => each.type === type && each.name === name && each.actions.includes(action))
}

/** RFC 6750: names the token endpoint, and the scope that the request needs. */
function challenge(
  { doorman: { isProxy }, publicUrl }: SignedParts,
  request: GateRequest,
  wanted: Wanted,
  message: string,
  error?: 'invalid_token' | 'insufficient_scope',
): Refusal {
  const place = placeOf(request, { isProxy, publicUrl })
  if (place === undefined)
    return { allowed: false, status: 400, code: 'UNSUPPORTED', message: 'the header Host is not a host' }
  const scope = wanted.kind === 'repository' ? scopeOf(wanted.repository) : catalogScope
  const parameters = [
    ['realm', `${place}${tokenPath}`],
    ['service', service],
    ...(wanted.kind === 'base' ? [] : [['scope', scope]]),
    ...(error === undefined ? [] : [['error', error]]),
  ]
  return unauthorized(message, `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(',')}`)
}
