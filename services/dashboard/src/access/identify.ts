import { allows, type Scope, type Tokens } from '@dist/runs'
import { isLoopback } from '@dist/settings'
import { hostnameOf, isForwarded, parseAuthorization } from '@dist/sign-in'
import type { FastifyRequest } from 'fastify'
import { roleOf, scopeOf } from './roles.js'
import type { SessionDoor } from './sessions.js'
import type { User, Users } from './users.js'

/** What of a request tells who makes it. */
export type Identifying = Pick<FastifyRequest, 'headers'>

/** Who makes a request, and what it may do. */
export interface Caller {
  readonly kind: 'anyone' | 'user' | 'token'
  /** For the log: the user, the token by its id and its name, or `anyone`. */
  readonly name: string
  readonly scope: Scope
  /** Of a user who has signed in: when the session ends, unless it is used. */
  readonly until?: Date | undefined
}

/** The answer to a request that is refused. */
export interface Refusal {
  readonly code: 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'RESOURCE_EXHAUSTED'
  readonly message: string
  /** Seconds after which the client may ask again. */
  readonly seconds?: number | undefined
}

/** By what callers are known. */
export interface Doors {
  /** Undefined: there are no users. */
  readonly users?: Users | undefined
  readonly sessions: SessionDoor
  /** What a token allows, as `Tokens.find` tells. */
  readonly findToken: Tokens['find']
}

/**
 * Finds out who makes a request, by what it has first: a token, a password, a session. Undefined: it has none of them, or its
 * session has ended. Without users, anyone on this machine may read. `network`: of the client. Rejects as Redis does.
 */
export async function identify(
  { headers }: Identifying,
  { users, sessions, findToken }: Doors,
  network: string,
): Promise<Caller | Refusal | undefined> {
  const given = parseAuthorization(headers.authorization)
  if (given.kind === 'bearer') return await callerOfToken(given.token, findToken)
  if (given.kind === 'other')
    return { code: 'UNAUTHENTICATED', message: 'the header Authorization has no token and no user' }
  if (users === undefined) return anyone(headers)
  if (given.kind === 'basic') {
    const signedIn = await users.check(given.credentials, network)
    return 'user' in signedIn ? callerOfUser(signedIn.user) : refusalOf(signedIn)
  }
  const session = await sessions.find(headers, users)
  return session && { ...callerOfUser(session.user), until: session.until }
}

/** The caller that a user is. */
export function callerOfUser({ name, role }: User): Caller {
  return { kind: 'user', name: `user ${name}`, scope: scopeOf(role) }
}

/** What is answered when a password was not right, or was not looked at. */
export function refusalOf(
  signedIn: { readonly failed: 'wrong' } | { readonly failed: 'later'; readonly seconds: number },
): Refusal {
  if (signedIn.failed === 'wrong')
    return { code: 'UNAUTHENTICATED', message: 'the user name or the password is wrong' }
  const { seconds } = signedIn
  return { code: 'RESOURCE_EXHAUSTED', message: 'too many attempts to sign in: wait', seconds }
}

/** Why a caller may not do what needs a scope. Undefined: it may. */
export function lackOf(caller: Caller, needs: Scope): Refusal | undefined {
  if (allows(caller.scope, needs)) return undefined
  if (caller.kind === 'anyone')
    return {
      code: 'UNAUTHENTICATED',
      message: `a token with the scope ${needs} is required: dist token create --scope ${needs}; or a user: start the dashboard with --users-file`,
    }
  const message =
    caller.kind === 'user'
      ? `the role ${roleOf(needs)} is required; ${caller.name} has the role ${roleOf(caller.scope)}`
      : `the scope ${needs} is required; the token has ${caller.scope}`
  return { code: 'PERMISSION_DENIED', message }
}

async function callerOfToken(token: string, find: Tokens['find']): Promise<Caller | Refusal> {
  const found = await find(token)
  if (found !== undefined) {
    const name = found.name === undefined ? '' : ` ${found.name}`
    return { kind: 'token', name: `token ${found.id}${name}`, scope: found.scope }
  }
  return {
    code: 'UNAUTHENTICATED',
    message:
      'the token is not valid: it has expired, was revoked, or Redis has lost it; dist token create makes another one',
  }
}

function anyone(headers: Identifying['headers']): Caller | Refusal {
  // DNS rebinding: another site may resolve its own name to loopback. Its name is in the Host header.
  if (!isLoopback({ host: hostnameOf({ headers }) }))
    return { code: 'PERMISSION_DENIED', message: 'without sign-in the host name must be loopback' }
  // A proxy would pass on requests of other machines.
  if (isForwarded(headers))
    return { code: 'PERMISSION_DENIED', message: 'without sign-in no request of a proxy is answered' }
  return { kind: 'anyone', name: 'anyone', scope: 'read' }
}
