import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { fastify } from 'fastify'
import { type Credentials, checkAccess } from './access.js'

/** The path of bull-board. The root is reserved for other pages. */
export const boardPath = '/queues'

/** Allows only content of this server, and inline styles for bull-board. Blocks the external fonts of bull-board. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Creates the server of the dashboard; it does not listen yet. A hook checks every request, also for unknown paths. */
export function createServer(
  board: FastifyPluginCallback,
  credentials: Credentials | undefined,
): FastifyInstance {
  const server = fastify({
    exposeHeadRoutes: false,
    bodyLimit: 64 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: true,
  })
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers)
    const refusal = checkAccess(requestOf(request), credentials)
    if (refusal === undefined) done()
    else void refuse(reply, refusal.status, refusal.message)
  })
  server.get('/', (_, reply) => reply.redirect(`${boardPath}/`))
  server.setNotFoundHandler((_, reply) => refuse(reply, 404, 'not found'))
  server.register(board, { prefix: boardPath })
  return server
}

function requestOf({ method, headers }: FastifyRequest) {
  const { authorization, origin, host } = headers
  return { method, authorization, origin, host }
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Basic realm="dist", charset="UTF-8"')
  return reply.status(status).type('text/plain; charset=utf-8').send(`${message}\n`)
}
