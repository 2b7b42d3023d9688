import {
  type Answer,
  type Body,
  basePath,
  type Params,
  type Query,
  type Route,
  type Routes,
  routes,
  successOf,
} from '@dist/api'
import { codeOf, DistError } from '@dist/errdefs'
import type { Logger } from '@dist/service'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isReading } from '../access/admit.js'
import { lackOf } from '../access/identify.js'
import { visitOf } from '../access/visit.js'
import { checked } from './checked.js'
import { sendProblem } from './problems.js'

/** What an operation is asked, before its route is known. */
interface AnyAsked extends Omit<Asked<Route>, 'params'> {
  readonly params: Readonly<Record<string, string>>
}

type Handle = (asked: AnyAsked, exchange: Exchange) => Promise<unknown>

/** What an operation is asked. */
export interface Asked<R extends Route> {
  readonly params: Params<R>
  readonly query: Query<R>
  readonly body: Body<R>
  /** Of a request that may be repeated: its key, which is unique among those of the caller. */
  readonly key?: string | undefined
}

/** The request and the answer of an operation, for what is about them and not about runs. */
export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** The operations that answer at once. */
export type Handlers = {
  readonly [Id in keyof Routes as Routes[Id] extends { events: true } ? never : Id]: (
    asked: Asked<Routes[Id]>,
    exchange: Exchange,
  ) => Promise<Answer<Routes[Id]>>
}

/** The operations that answer by a stream of events, until the request ends. */
export type Streamers = {
  readonly [Id in keyof Routes as Routes[Id] extends { events: true } ? Id : never]: (
    asked: Asked<Routes[Id]>,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<void>
}

type Stream = (asked: AnyAsked, request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** Adds all operations of the API to a server. Errors are problem details. */
export function mountApi(
  server: FastifyInstance,
  handlers: Handlers,
  streamers: Streamers,
  log: Logger,
): void {
  server.setErrorHandler((error, request, reply) => {
    if (codeOf(error) === 'INTERNAL' && (error as { statusCode?: number }).statusCode === undefined)
      log.error('a request failed', { request: request.id, error })
    return sendProblem(request, reply, error)
  })
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new DistError('NOT_FOUND', `no such operation: see ${basePath}/openapi.json`),
    ),
  )
  for (const [id, route] of Object.entries<Route>(routes))
    server.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
      config: {
        change: id,
        isStream: route.events,
        isQuestion: route.asks,
        ...(route.scope === 'none' ? { open: 'session' } : {}),
      },
      // Before a body is read.
      onRequest: async (request) => checkScope(request, route),
      handler: async (request, reply) => {
        const asked = read(route, request)
        if (route.events) return await (streamers[id as keyof Streamers] as Stream)(asked, request, reply)
        // The type of each handler is that of its route.
        const handle = handlers[id as keyof Handlers] as Handle
        const answer = await handle(asked, { request, reply })
        if (!isReading(request)) noteRun(request, answer)
        return reply.status(successOf(route)).send(answer)
      },
    })
}

async function checkScope(request: FastifyRequest, { scope }: Route): Promise<void> {
  if (scope === 'none') return
  const { caller } = visitOf(request)
  if (caller === undefined) throw new DistError('UNAUTHENTICATED', 'sign in')
  const lack = lackOf(caller, scope)
  if (lack !== undefined) throw new DistError(lack.code, lack.message)
}

/** A run that was submitted is what the log tells of. */
function noteRun(request: FastifyRequest, answer: unknown): void {
  const { run } = (answer ?? {}) as { run?: unknown }
  if (typeof run === 'string') visitOf(request).object ??= { ...(request.params as object), run }
}

function read(route: Route, request: FastifyRequest): AnyAsked {
  const params = request.params as AnyAsked['params']
  const query = route.query === undefined ? undefined : checked(route.query, request.query, 'query')
  const body = route.body === undefined ? undefined : checked(route.body, request.body ?? {}, 'body')
  const key = route.once ? keyOf(request) : undefined
  return { params, query, body, key } as AnyAsked
}

/** The keys of callers differ, so that none gets the run of another one. */
function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key))
    return `${visitOf(request).caller?.name} ${key}`
  throw new DistError('INVALID_ARGUMENT', 'Idempotency-Key: 1 to 255 printable characters are expected')
}
