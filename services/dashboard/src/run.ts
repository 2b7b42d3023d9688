import { errnoOf } from '@dist/errdefs'
import type { Service } from '@dist/runs'
import { listenError, runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, formatListen, type ListenAddress, readSettings, type Settings } from '@dist/settings'
import { trustProxies } from '@dist/sign-in'
import { announce, connectQueue, openClients, type QueueClients } from '@dist/wiring/services'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import manifest from '../package.json' with { type: 'json' }
import type { Access } from './access/admit.js'
import { SessionDoor } from './access/sessions.js'
import { watchTokens } from './access/tokens.js'
import { checkUsers, isReadable, openUsers, type Users } from './access/users.js'
import { visitOf } from './access/visit.js'
import { createBoard } from './board.js'
import { checkHooks } from './hooks/mount.js'
import { PushStarter } from './hooks/starter.js'
import { boardPath, createServer } from './server.js'

/**
 * Runs the dashboard until the signal aborts: it shows the queues and their jobs, and serves the API. Without users, people
 * can only read.
 * The health server has a separate address, because it needs no credentials. Throws the error that prevents the start: settings
 * (`INVALID_ARGUMENT`, also for an address other than loopback without users), Redis, or `UNAVAILABLE` when it cannot
 * listen.
 */
export async function runDashboard(flags: Flags<'dashboard'>, context: ServiceContext): Promise<void> {
  const settings = await readSettings('dashboard', flags, context.env)
  checkUsers(settings, settings.listen)
  await checkHooks(settings.hooks ?? {})
  const { healthListen: listen, logLevel, deadline } = settings
  const service = { name: 'dashboard', version: manifest.version, port: 9466, listen, logLevel, deadline }
  await runService(service, context, (host) => start(settings, host))
}

async function start(settings: Settings<'dashboard'>, host: ServiceHost): Promise<void> {
  const { version } = manifest
  await using users = await openUsers(settings, host)
  if (users !== undefined && isReadable(settings, settings.listen))
    host.log.warn('passwords are sent in plain text: let a proxy do TLS, and give --public-url')
  const readOnly = users === undefined
  await using queue = await connectQueue(settings, 'dist-dashboard', host)
  const logging = { log: host.log, signal: host.context.signal }
  await using _presence = await announce(queue, { service: 'dashboard', version }, logging)
  const { log } = host
  await using clients = await openClients(queue)
  host.reportObstacles(clients.obstacles)
  await using tokens = watchTokens(clients.tokens, log)
  const isReadOnly = (request: FastifyRequest) => visitOf(request).caller?.scope !== 'admin'
  const board = createBoard(queue.redis, { path: boardPath, isReadOnly })
  using starter = new PushStarter(clients.pushes, log)
  const { hooks = {} } = settings
  if (Object.keys(hooks).length > 0) starter.startAfter(0)
  const access = accessOf(settings, users, tokens.find, clients)
  const parts = { board, clients, access, hooks, starter, log, version }
  await using server = createServer(parts)
  const url = await listenAt(server, settings.listen)
  await host.run(dashboardService(server, queue.checkReady), { version, url, readOnly })
}

function accessOf(
  { publicUrl, trustedProxies = [] }: Settings<'dashboard'>,
  users: Users | undefined,
  findToken: Access['findToken'],
  clients: Pick<QueueClients, 'sessions'>,
): Access {
  const sessions = new SessionDoor(clients.sessions, publicUrl)
  return { users, sessions, findToken, publicUrl, isProxy: trustProxies(trustedProxies) }
}

/** The dashboard as `runService` runs it. It has no jobs. */
function dashboardService(server: FastifyInstance, checkReady: () => Promise<void>): Service {
  return { active: 0, ready: async () => {}, checkReady, stop: () => server.close() }
}

async function listenAt(server: FastifyInstance, listen: ListenAddress): Promise<string> {
  try {
    await server.listen(listen)
  } catch (cause) {
    throw errnoOf(cause) === undefined ? cause : listenError(listen, cause)
  }
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listen.port
  return `http://${formatListen({ host: listen.host, port })}/`
}
