import { errnoOf } from '@dist/errdefs'
import type { Service } from '@dist/runs'
import { listenError, runService, type ServiceContext, type ServiceHost } from '@dist/service'
import { type Flags, formatListen, type ListenAddress, readSettings, type Settings } from '@dist/settings'
import { announce, connectQueue, openHosts, openObstacles } from '@dist/wiring/services'
import type { FastifyInstance } from 'fastify'
import manifest from '../package.json' with { type: 'json' }
import { type Credentials, requiredCredentials } from './access.js'
import { createBoard } from './board.js'
import { boardPath, createServer } from './server.js'

/**
 * Runs the dashboard until the signal aborts: it shows the queues and their jobs, read-only without credentials. The health
 * server has a separate address, because it needs no credentials. Throws the error that prevents the start: settings
 * (`INVALID_ARGUMENT`, also for an address other than loopback without credentials), Redis, or `UNAVAILABLE` when it cannot
 * listen.
 */
export async function runDashboard(flags: Flags<'dashboard'>, context: ServiceContext): Promise<void> {
  const settings = await readSettings('dashboard', flags, context.env)
  const credentials = requiredCredentials(settings, settings.listen)
  const { healthListen: listen, logLevel, deadline } = settings
  const service = { name: 'dashboard', version: manifest.version, port: 9466, listen, logLevel, deadline }
  await runService(service, context, (host) => start(settings, credentials, host))
}

async function start(
  settings: Settings<'dashboard'>,
  credentials: Credentials | undefined,
  host: ServiceHost,
): Promise<void> {
  const { version } = manifest
  const readOnly = credentials === undefined
  await using queue = await connectQueue(settings, 'dist-dashboard', host)
  const logging = { log: host.log, signal: host.context.signal }
  await using _presence = await announce(queue, { service: 'dashboard', version }, logging)
  host.reportObstacles(await openObstacles(queue.redis, await openHosts(queue.redis)))
  const board = createBoard(queue.redis, { path: boardPath, readOnly })
  await using server = createServer(board, credentials)
  const url = await listenAt(server, settings.listen)
  await host.run(dashboardService(server, queue.checkReady), { version, url, readOnly })
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
