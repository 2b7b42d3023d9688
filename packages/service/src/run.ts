import { DistError } from '@dist/errdefs'
import type { Obstacle, ObstacleReader, Service } from '@dist/runs'
import { describeObstacle } from '@dist/runs'
import { formatListen, type ListenAddress } from '@dist/settings'
import type { ServiceContext } from './context.js'
import { type HealthServer, serveHealth } from './health.js'
import { createLogger, type Logger } from './log.js'
import { createMetrics, type ServiceMetrics } from './metrics.js'
import { cacheObstacles, measureObstacles } from './obstacles.js'

export interface ServiceRun {
  readonly name: string
  readonly version: string
  /** What each line of its log has. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  /** The port of the own pages where none is given. */
  readonly port: number
  readonly settings: {
    readonly listen?: ListenAddress | undefined
    readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
    readonly deadline: number
  }
}

/** What the work of a service is done with. */
export interface ServiceHost {
  readonly log: Logger
  readonly metrics: ServiceMetrics
  readonly context: ServiceContext
  /** Tells why it does not start yet. */
  readonly reportWaiting: (error: unknown) => void
  /** Has the service's pages tell what stands in the way of the queue's runs. */
  readonly reportObstacles: (read: ObstacleReader) => void
  /** To be called as soon as there is a service: it waits for it, says so, and stops it when that is asked for. */
  run(service: Service): Promise<void>
}

/** Milliseconds beyond the deadline for connections to be closed. */
const shutdownGraceMs = 2_000

/**
 * Runs a service with its log, its pages and its metrics until the signal aborts. Resolves when all of it has
 * stopped, at the latest the deadline and 2 s after the signal. Throws what keeps it from starting.
 */
export async function runService(
  run: ServiceRun,
  context: ServiceContext,
  work: (surroundings: ServiceHost) => Promise<void>,
): Promise<void> {
  const log = createLogger(run.name, run.settings.logLevel, context.log, run.fields)
  const late = afterAbort(context.signal, run.settings.deadline + shutdownGraceMs)
  try {
    const inTime = await Promise.race([attended(run, context, log, work).then(() => true), late.passed])
    if (inTime) log.info('stopped')
    else log.warn('stopped without waiting any longer')
  } catch (error) {
    // What was asked to stop while it started has nothing to complain about.
    if (!context.signal.aborted) throw error
    log.info('stopped before it had started')
  } finally {
    late.cancel()
  }
}

async function attended(
  run: ServiceRun,
  context: ServiceContext,
  log: Logger,
  work: (surroundings: ServiceHost) => Promise<void>,
): Promise<void> {
  let service: Service | undefined
  let starting = 'it is starting'
  let obstacles: () => Promise<readonly Obstacle[]> = async () => []
  const metrics = createMetrics({ ...run, service: run.name, active: () => service?.active ?? 0 })
  await using health = await serveHealth(
    {
      checkReady: async () => {
        if (context.signal.aborted) throw new DistError('UNAVAILABLE', 'it is stopping')
        if (service === undefined) throw new DistError('UNAVAILABLE', starting)
        await service.checkReady()
      },
      remarks: async () => (await obstacles()).map((obstacle) => describeObstacle(obstacle)),
      metrics: () => metrics.registry.metrics(),
      metricsType: metrics.registry.contentType,
    },
    run.settings.listen,
    run.port,
  )
  log.info('starting', { version: run.version, listen: formatListen(health.address) })
  const attend = async (started: Service) => {
    service = started
    await untilStopped(started, health, run, context, log)
  }
  const waits = (error: unknown) => {
    starting = `it is starting and waits: ${error instanceof Error ? error.message : String(error)}`
  }
  const watchObstacles = (read: ObstacleReader) => {
    obstacles = cacheObstacles(read)
    measureObstacles(metrics.registry, obstacles)
  }
  await work({ log, metrics, context, reportWaiting: waits, reportObstacles: watchObstacles, run: attend })
}

async function untilStopped(
  service: Service,
  health: HealthServer,
  { settings: { deadline } }: ServiceRun,
  { signal }: ServiceContext,
  log: Logger,
): Promise<void> {
  const stopping = aborted(signal)
  try {
    // Redis may go away while it starts; who waits for that shall still be able to stop it.
    await Promise.race([service.ready(), stopping])
    if (!signal.aborted) log.info('ready', { listen: formatListen(health.address) })
    await stopping
    log.info('stopping', { active: service.active, deadline })
  } finally {
    await service.stop({ deadline })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function afterAbort(signal: AbortSignal, milliseconds: number) {
  let timer: NodeJS.Timeout | undefined
  const passed = aborted(signal).then(
    () =>
      new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), milliseconds)
      }),
  )
  return { passed, cancel: () => clearTimeout(timer) }
}
