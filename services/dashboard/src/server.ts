import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { basePath, openApiDocument, statusOfCode } from '@dist/api'
import { codeOf, DistError, sanitize } from '@dist/errdefs'
import { type Logger, throttledLogger } from '@dist/service'
import type { Hooks } from '@dist/settings'
import type { QueueClients } from '@dist/wiring/services'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { fastify } from 'fastify'
import { type Access, admit, isReading } from './access/admit.js'
import { logChange } from './access/audit.js'
import { endWithAccess } from './access/lapse.js'
import { recordVisit } from './access/visit.js'
import { Followers } from './api/events.js'
import { createHandlers } from './api/handlers.js'
import { mountApi } from './api/mount.js'
import { apiPage } from './api/page.js'
import { sendProblem } from './api/problems.js'
import { hooksPath, mountHooks } from './hooks/mount.js'
import type { PushStarter } from './hooks/starter.js'
import { LiveAnswers } from './live/live.js'
import { mountPage } from './page.js'
import { contentPolicy } from './policy.js'

/** The path of bull-board. */
export const boardPath = '/queues'

/** bull-board has inline styles. Its external fonts are blocked. */
const headers = {
  'content-security-policy': contentPolicy("style-src 'self' 'unsafe-inline'"),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

export interface ServerParts {
  readonly board: FastifyPluginCallback
  readonly clients: QueueClients
  readonly access: Access
  readonly hooks: Hooks
  readonly starter: Pick<PushStarter, 'push'>
  readonly log: Logger
  readonly version: string
}

/** Creates the server of the dashboard; it does not listen yet. A hook checks every request, also for unknown paths. */
export function createServer(parts: ServerParts): FastifyInstance {
  const { board, log, access } = parts
  const server = fastify({
    exposeHeadRoutes: false,
    bodyLimit: 64 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    // The names of schedules are as long as references.
    routerOptions: { maxParamLength: 4096 },
    genReqId: requestId,
  })
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...headers, 'x-request-id': request.id })
    recordVisit(request, access.isProxy)
    // Its sender proves that it knows the secret of the hook.
    if (isHook(request)) return
    const error = await admit(request, reply, access, isApi(request)).catch((thrown: unknown) => thrown)
    if (error === undefined) {
      if (request.routeOptions.config.isStream) endWithAccess(request, reply, access)
      return
    }
    if (codeOf(error) === 'UNAUTHENTICATED' && access.users !== undefined)
      return askToSignIn(request, reply, error)
    // Not thrown: bull-board has an error handler of its own.
    return sendError(request, reply, error)
  })
  const throttled = throttledLogger(log)
  server.addHook('onResponse', async (request, reply) => {
    if (!isReading(request) && !request.routeOptions.config.isQuestion)
      logChange(log, throttled, request, reply)
  })
  server.setErrorHandler((error, request, reply) => sendError(request, reply, error))
  server.setNotFoundHandler((request, reply) =>
    sendError(request, reply, new DistError('NOT_FOUND', 'not found')),
  )
  server.register(mountPage)
  server.register(board, { prefix: boardPath })
  server.register(apiPlugin(parts), { prefix: basePath })
  return server
}

/** Leads people to the form of the page. Programs are told how to sign in: browsers would ask for the user by a form of their own. */
function askToSignIn(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const { accept = '', 'user-agent': agent = '' } = request.headers
  const isBrowser = agent.startsWith('Mozilla/')
  if (isBrowser && isReading(request) && accept.includes('text/html'))
    return reply.redirect(`/sign-in?to=${encodeURIComponent(request.url)}`, 303)
  if (!isBrowser) reply.header('www-authenticate', 'Basic realm="dist", charset="UTF-8", Bearer realm="dist"')
  return sendError(request, reply, error)
}

function apiPlugin({ clients, access, hooks, starter, log, version }: ServerParts): FastifyPluginCallback {
  return (server, _, done) => {
    const document = JSON.stringify(openApiDocument(version))
    const page = apiPage()
    server.get('/openapi.json', (_, reply) => reply.type('application/json').send(document))
    server.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(page))
    const handlers = createHandlers(clients, access)
    const followRun = new Followers(clients.runs).stream
    const followAnswers = new LiveAnswers(handlers).stream
    mountApi(server, handlers, { followRun, followAnswers }, log)
    mountHooks(server, hooks, (image) => starter.push(image), log)
    done()
  }
}

/** The id that a client has given, so that it finds the request in the log. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
}

function isApi({ url }: FastifyRequest): boolean {
  return url === basePath || url.startsWith(`${basePath}/`)
}

function isHook({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url?.startsWith(`${basePath}${hooksPath}/`) === true
}

/** Programs get problem details, people a line of text. */
function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  if (isApi(request)) return sendProblem(request, reply, error)
  const status =
    error instanceof DistError
      ? statusOfCode(error.code)
      : ((error as { statusCode?: number }).statusCode ?? 500)
  const message = status === 500 ? 'internal error' : sanitize((error as Error).message, 1_000)
  return reply.status(status).type('text/plain; charset=utf-8').send(`${message}\n`)
}
