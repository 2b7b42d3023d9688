import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { fastify } from 'fastify'
import { type Credentials, refusal } from './access.js'

/** Where bull-board is; the top is left for pages of our own. */
export const boardPath = '/queues'

/** Everything from here alone; bull-board styles its elements in place. Its fonts from elsewhere stay away. */
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

/** The dashboard's server, not yet listening. Every answer, errors included, has passed the same door. */
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
    const refused = refusal(askingOf(request), credentials)
    if (refused === undefined) done()
    else void refuse(reply, refused.status, refused.message)
  })
  server.get('/', (_, reply) => reply.redirect(`${boardPath}/`))
  server.setNotFoundHandler((_, reply) => refuse(reply, 404, 'there is nothing here'))
  server.register(board, { prefix: boardPath })
  return server
}

function askingOf({ method, headers }: FastifyRequest) {
  const { authorization, origin, host } = headers
  return { method, authorization, origin, host }
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Basic realm="dist", charset="UTF-8"')
  return reply.status(status).type('text/plain; charset=utf-8').send(`${message}\n`)
}
