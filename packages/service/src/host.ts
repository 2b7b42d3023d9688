import type { ObstacleReader, Service } from '@dist/runs'
import type { ListenAddress } from '@dist/settings'
import type { Environment } from '@dist/settings/command'
import type { Level, Logger } from './log.js'
import type { ServiceMetrics } from './metrics.js'

/** The surroundings of a service: its process, or a command that runs it. */
export interface ServiceContext {
  readonly env: Environment
  /** Aborts to stop the service. */
  readonly signal: AbortSignal
  /** Receives the log, one JSON object per line: the standard output of a process. */
  readonly log: { write(line: string): void }
}

export interface ServiceOptions {
  readonly name: string
  readonly version: string
  /** Fields of each line of the log. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  /** Address of the health server. Default: loopback at `port`, or at a free port when `port` is in use. */
  readonly listen: ListenAddress | undefined
  readonly port: number
  readonly logLevel: Level
  /** Maximum time of a shutdown, in milliseconds. */
  readonly deadline: number
}

/** What `runService` gives to the service that it runs. */
export interface ServiceHost {
  readonly log: Logger
  readonly metrics: ServiceMetrics
  readonly context: ServiceContext
  /** Reports the error that the start waits for, at `/readyz`. */
  readonly reportWaiting: (error: unknown) => void
  /** Reports the obstacles of the queue's runs, at `/readyz` and in the metrics. */
  readonly reportObstacles: (read: ObstacleReader) => void
  /**
   * Runs the service: waits until it is ready, logs `ready` with `fields`, and stops it when the signal aborts. To be called
   * as soon as the service exists.
   */
  run(service: Service, fields?: object): Promise<void>
}
