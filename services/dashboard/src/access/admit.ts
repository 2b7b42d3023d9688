import { DistError } from '@dist/errdefs'
import { networkOf, type ProxyCheck } from '@dist/sign-in'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Caller, type Doors, identify, lackOf, type Refusal } from './identify.js'
import { isOwnPage } from './origin.js'
import { visitOf } from './visit.js'

/** What decides whether a request is answered. */
export interface Access extends Doors {
  /** Where browsers reach the dashboard, if it is not what their requests say. */
  readonly publicUrl?: string | undefined
  readonly isProxy: ProxyCheck
}

/**
 * Finds out who makes a request, and tells its visit. Resolves to the error of one that is refused. The scopes of the operations of
 * the API are checked with them. Everything else that changes something is for administrators.
 */
export async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  access: Access,
  isApi: boolean,
): Promise<DistError | undefined> {
  const { open } = request.routeOptions.config
  const visit = visitOf(request)
  if (open === 'page' && access.users !== undefined) return undefined
  const caller = await identify(request, access, networkOf(visit.address))
  const refusal =
    caller !== undefined && 'code' in caller ? caller : refusalOf(request, caller, access, isApi)
  if (caller !== undefined && !('code' in caller)) visit.caller = caller
  if (refusal?.seconds !== undefined) reply.header('retry-after', refusal.seconds)
  return refusal && new DistError(refusal.code, refusal.message)
}

function refusalOf(
  request: FastifyRequest,
  caller: Caller | undefined,
  { publicUrl }: Access,
  isApi: boolean,
): Refusal | undefined {
  const isOpen = request.routeOptions.config.open !== undefined
  if (caller === undefined && !isOpen)
    return { code: 'UNAUTHENTICATED', message: 'a token or a user of the dashboard is required: sign in' }
  if (isReading(request)) return undefined
  // A browser sends password and session with requests of other pages, too.
  const isByBrowser = caller?.kind === 'user' || isOpen
  if (isByBrowser && !isOwnPage(request.headers, publicUrl))
    return {
      code: 'PERMISSION_DENIED',
      message: 'users can make changes from pages of the dashboard only; a program needs a token',
    }
  return isApi || caller === undefined ? undefined : lackOf(caller, 'admin')
}

export function isReading({ method }: Pick<FastifyRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD'
}
