import { clientAddress, type ProxyCheck } from '@dist/sign-in'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './identify.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It is answered without sign-in, too. `page`: the same for all clients, so that the client is not identified. */
    open?: 'page' | 'session'
    /** Its answer goes on until its reader leaves, or may read no more. */
    isStream?: boolean | undefined
    /** It changes nothing, whatever its method is. */
    isQuestion?: boolean | undefined
    /** What a change is called in the log. Default: its method and its path. */
    change?: string
  }
}

/** A request, as far as access and the log are concerned. */
export interface Visit {
  /** The address of the client. */
  readonly address: string
  /** Undefined: a client without sign-in. */
  caller?: Caller | undefined
  /** Who it is for the log, if it is no caller: a hook. */
  by?: string | undefined
  /** What is changed, for the log: without secrets. Default: the names in the path. */
  object?: object | undefined
}

const visits = new WeakMap<FastifyRequest, Visit>()

/** Begins the visit of a request. */
export function recordVisit(request: FastifyRequest, isProxy: ProxyCheck): void {
  const { headers, socket } = request
  visits.set(request, { address: clientAddress({ headers, remoteAddress: socket.remoteAddress }, isProxy) })
}

export function visitOf(request: FastifyRequest): Visit {
  return visits.get(request) ?? { address: request.ip }
}
