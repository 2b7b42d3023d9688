import { DistError } from '@dist/errdefs'
import type { Obstacle, ObstacleReader, Service } from '@dist/runs'
import { describeObstacle } from '@dist/runs'
import { formatListen } from '@dist/settings'
import { type HealthServer, serveHealth } from './health.js'
import type { ServiceContext, ServiceHost, ServiceOptions } from './host.js'
import { createLogger, type Logger } from './log.js'
import { createMetrics } from './metrics.js'
import { cacheObstacles, measureObstacles } from './obstacles.js'

/** Connections may take this long to close, after the deadline of the service. */
const shutdownGraceMs = 2_000

/**
 * Runs a service with log, health server and metrics until the signal aborts. `start` opens the service and passes it to
 * `ServiceHost.run`. Resolves when everything has stopped, at the latest 2 s after the deadline. Throws the error that
 * prevents the start, `UNAVAILABLE` when the health server cannot listen, and an error of the running service.
 */
export async function runService(
  options: ServiceOptions,
  context: ServiceContext,
  start: (host: ServiceHost) => Promise<void>,
): Promise<void> {
  const log = createLogger(options.name, options.logLevel, context.log, options.fields)
  const timeout = timeoutAfterAbort(context.signal, options.deadline + shutdownGraceMs)
  try {
    const running = runWithHealth(options, context, log, start)
    const inTime = await Promise.race([running.then(() => true), timeout.passed])
    if (inTime) log.info('stopped')
    else log.warn('stopped without waiting any longer')
  } catch (error) {
    // A start that was interrupted fails, but not with an error that users have to see.
    if (!context.signal.aborted) throw error
    log.info('stopped before it had started')
  } finally {
    timeout.cancel()
  }
}

async function runWithHealth(
  options: ServiceOptions,
  context: ServiceContext,
  log: Logger,
  start: (host: ServiceHost) => Promise<void>,
): Promise<void> {
  let service: Service | undefined
  let startState = 'it is starting'
  let obstacles: () => Promise<readonly Obstacle[]> = async () => []
  const { name, version, listen, port } = options
  const metrics = createMetrics({ service: name, version, active: () => service?.active ?? 0 })
  const parts = {
    checkReady: async () => {
      if (context.signal.aborted) throw new DistError('UNAVAILABLE', 'it is stopping')
      if (service === undefined) throw new DistError('UNAVAILABLE', startState)
      await service.checkReady()
    },
    remarks: async () => (await obstacles()).map((obstacle) => describeObstacle(obstacle)),
    metrics: () => metrics.registry.metrics(),
    metricsType: metrics.registry.contentType,
  }
  await using health = await serveHealth(parts, listen, port)
  log.info('starting', { version, listen: formatListen(health.address) })
  await start({
    log,
    metrics,
    context,
    reportWaiting: (error) => {
      startState = `it is starting and waits: ${error instanceof Error ? error.message : String(error)}`
    },
    reportObstacles: (read: ObstacleReader) => {
      obstacles = cacheObstacles(read)
      measureObstacles(metrics.registry, obstacles)
    },
    run: async (started, fields) => {
      service = started
      await runUntilAborted(started, { health, deadline: options.deadline, log, fields }, context.signal)
    },
  })
}

interface Running {
  readonly health: HealthServer
  readonly deadline: number
  readonly log: Logger
  /** Fields of the line `ready`. */
  readonly fields: object | undefined
}

async function runUntilAborted(
  service: Service,
  { health, deadline, log, fields }: Running,
  signal: AbortSignal,
): Promise<void> {
  const stopping = untilAborted(signal)
  try {
    // Redis may become unavailable during the start. The service must still be able to stop.
    await Promise.race([service.ready(), stopping])
    if (!signal.aborted) log.info('ready', { listen: formatListen(health.address), ...fields })
    await stopping
    log.info('stopping', { active: service.active, deadline })
  } finally {
    await service.stop({ deadline })
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function timeoutAfterAbort(signal: AbortSignal, milliseconds: number) {
  let timer: NodeJS.Timeout | undefined
  const passed = untilAborted(signal).then(
    () =>
      new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), milliseconds)
      }),
  )
  return { passed, cancel: () => clearTimeout(timer) }
}
