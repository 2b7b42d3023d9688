import { networkOf } from '@dist/sign-in'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Doors, identify } from './identify.js'
import { visitOf } from './visit.js'

/** Milliseconds between two looks. */
const lookMs = 5_000

/** Ends a stream when its reader may read no more: the session has ended, the token was revoked, the user is gone. */
export function endWithAccess(request: FastifyRequest, { raw }: FastifyReply, doors: Doors): void {
  const network = networkOf(visitOf(request).address)
  const look = async () => {
    try {
      const caller = await identify(request, doors, network)
      if (caller === undefined || ('code' in caller && caller.code === 'UNAUTHENTICATED')) raw.destroy()
    } catch {
      // Streams stay open while Redis is away.
    }
  }
  const timer = setInterval(() => void look(), lookMs)
  raw.once('close', () => clearInterval(timer))
}
