import { DistError } from '@dist/errdefs'
import { allows, scopes } from '@dist/runs'
import { networkOf } from '@dist/sign-in'
import type { Access } from '../access/admit.js'
import { type Caller, callerOfUser, refusalOf } from '../access/identify.js'
import { visitOf } from '../access/visit.js'
import type { Handlers } from './mount.js'

type SessionOperations = 'getSession' | 'signIn' | 'signOut'

/** The operations of sessions. */
export function sessionHandlers({ users, sessions }: Access): Pick<Handlers, SessionOperations> {
  const reportOf = (caller: Caller | undefined) => ({
    caller: caller && { kind: caller.kind, name: caller.name },
    scopes: scopes.filter((each) => caller !== undefined && allows(caller.scope, each)),
    users: users !== undefined,
    until: caller?.until,
  })
  return {
    getSession: async (_, { request }) => reportOf(visitOf(request).caller),
    signIn: async ({ body }, { request, reply }) => {
      if (users === undefined)
        throw new DistError(
          'FAILED_PRECONDITION',
          'there are no users: start the dashboard with --users-file',
        )
      const visit = visitOf(request)
      // A password that is typed in the place of the name is not logged.
      visit.object = users.find(body.user) === undefined ? {} : { user: body.user }
      const signedIn = await users.check(body, networkOf(visit.address))
      if ('failed' in signedIn) {
        const { code, message, seconds } = refusalOf(signedIn)
        if (seconds !== undefined) reply.header('retry-after', seconds)
        throw new DistError(code, message)
      }
      reply.header('set-cookie', await sessions.begin(signedIn.user, request.headers))
      visit.caller = callerOfUser(signedIn.user)
      return reportOf(visit.caller)
    },
    signOut: async (_, { request, reply }) => {
      reply.header('set-cookie', await sessions.end(request.headers))
      return undefined
    },
  }
}
