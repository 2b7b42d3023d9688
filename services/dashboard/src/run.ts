import { DistError, errnoOf } from '@dist/errdefs'
import { createLogger, type ServiceContext } from '@dist/service'
import { type Flags, formatListen, type ListenAddress, readSettings } from '@dist/settings'
import { announce, connectQueue } from '@dist/wiring/services'
import type { FastifyInstance } from 'fastify'
import { requiredCredentials } from './access.js'
import { createBoard } from './board.js'
import { boardPath, createServer } from './server.js'
import { version } from './version.js'

/**
 * Serves the dashboard until the signal aborts: the queues and their jobs, read only unless it has credentials.
 * Throws what keeps it from starting: settings (`INVALID_ARGUMENT`, also without credentials beyond loopback),
 * Redis, `UNAVAILABLE` where it cannot listen.
 */
export async function runDashboard(flags: Flags<'dashboard'>, context: ServiceContext): Promise<void> {
  const { signal } = context
  const settings = await readSettings('dashboard', flags, context.env)
  const credentials = requiredCredentials(settings, settings.listen)
  const log = createLogger('dashboard', settings.logLevel, context.log)
  try {
    await using queue = await connectQueue(settings, { name: 'dist-dashboard', log, signal })
    await using _shown = await announce(queue, { service: 'dashboard', version }, { log, signal })
    const board = createBoard(queue.redis, { path: boardPath, readOnly: credentials === undefined })
    await using server = createServer(board, credentials)
    const url = await listenAt(server, settings.listen)
    log.info('ready', { version, url, readOnly: credentials === undefined })
    await aborted(signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
  log.info('stopped')
}

async function listenAt(server: FastifyInstance, listen: ListenAddress): Promise<string> {
  try {
    await server.listen(listen)
  } catch (cause) {
    const why = errnoOf(cause)
    if (why === undefined) throw cause
    throw new DistError('UNAVAILABLE', `cannot listen at ${formatListen(listen)} (${why})`, { cause })
  }
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listen.port
  return `http://${formatListen({ host: listen.host, port })}/`
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
