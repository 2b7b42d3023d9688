import type { ReportedError } from './runs.js'

export type QueueName = 'schedules' | 'runs' | 'images' | 'blobs' | 'notices' | 'questions'

/** A reason why runs make no progress. */
export type Obstacle =
  /** No coordinator, or no worker, is alive. */
  | {
      readonly kind: 'no-service'
      readonly service: 'coordinator' | 'worker'
      /** When the last one was seen, if that is known. */
      readonly lastSeenAt?: Date | undefined
    }
  /** A user has paused a queue. */
  | { readonly kind: 'paused-queue'; readonly queue: QueueName }
  /** Redis has lost schedules, and no service has them from a mirror file. */
  | { readonly kind: 'lost-schedules'; readonly names: readonly string[]; readonly at: Date }
  /** A registry gets no requests for a while. */
  | { readonly kind: 'paused-host'; readonly host: string; readonly until: Date; readonly because: string }
  /** Pulls wait for the quota of a registry; its other requests go on. */
  | {
      readonly kind: 'quota'
      readonly host: string
      readonly remaining: number
      /** Pulls in a window, where the registry tells it. */
      readonly limit?: number | undefined
      /** When the registry is asked again. */
      readonly asksAt: Date
    }
  /** Images wait for another attempt, the first of them until `at`. */
  | {
      readonly kind: 'retries'
      readonly images: number
      readonly at: Date
      /** The error of the first one. */
      readonly error?: ReportedError | undefined
    }
  /** A service that gives no sign of life has the job of an image or a blob. */
  | {
      readonly kind: 'held'
      /** A reference, or a digest. */
      readonly subject: string
      readonly queue: QueueName
      /** The service's name. */
      readonly by: string
      readonly silentSince: Date
    }

/** A service, as far as it can be an obstacle. */
export interface SeenService {
  readonly id: string
  readonly service: string
  readonly name: string
  readonly alive: boolean
  readonly seenAt: Date
  readonly silentSince?: Date | undefined
}

/** A host, as far as it can be an obstacle. */
export interface SeenHost {
  readonly host: string
  /** Milliseconds since 1970. */
  readonly pausedUntil?: number | undefined
  readonly because?: string | undefined
  /** Set while pulls wait for its quota. */
  readonly quota?:
    | {
        readonly remaining: number
        readonly limit?: number | undefined
        /** Milliseconds since 1970. */
        readonly asksAt?: number | undefined
      }
    | undefined
}

/** The obstacles of hosts. */
export function obstaclesOfHosts(hosts: readonly SeenHost[]): Obstacle[] {
  return hosts.flatMap(({ host, pausedUntil, because = '', quota }) => {
    const found: Obstacle[] = []
    if (pausedUntil !== undefined)
      found.push({ kind: 'paused-host', host, until: new Date(pausedUntil), because })
    if (quota?.asksAt !== undefined) {
      const { remaining, limit, asksAt } = quota
      found.push({ kind: 'quota', host, remaining, limit, asksAt: new Date(asksAt) })
    }
    return found
  })
}

export interface ObstacleSources {
  services(): Promise<readonly SeenService[]>
  hosts(): Promise<readonly SeenHost[]>
}

/**
 * Reads the obstacles of one run, or of all runs. Rejects with `UNAVAILABLE` when Redis gives no answer in time. It
 * costs a few commands, whatever the queues have.
 */
export type ObstacleReader = (run?: string) => Promise<Obstacle[]>
