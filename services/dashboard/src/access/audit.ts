import type { Logger } from '@dist/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from './identify.js'
import { visitOf } from './visit.js'

/**
 * Writes one line for each change, and for each that was refused: who, what, of which object, with which outcome, from where.
 * `throttled`: for what those are refused who are not known.
 */
export function logChange(
  log: Pick<Logger, 'info' | 'warn'>,
  throttled: Pick<Logger, 'warn'>,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { method, routeOptions, params, id } = request
  const { statusCode: status } = reply
  const { caller, by = caller?.name ?? 'nobody', object = params, address } = visitOf(request)
  const what = routeOptions.config.change ?? `${method} ${routeOptions.url ?? 'of nothing'}`
  const fields = { by, what, object, status, from: address, request: id }
  if (status < 400) log.info('change', fields)
  else (isKnown(caller) ? log : throttled).warn('change refused', fields)
}

function isKnown(caller: Caller | undefined): boolean {
  return caller?.kind === 'user' || caller?.kind === 'token'
}
