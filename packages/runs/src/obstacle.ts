import type { ReportedError } from './runs.js'

export type QueueName = 'runs' | 'images' | 'blobs'

/** Why something that is to be done stands still. */
export type Obstacle =
  /** Nobody who does such work lives. */
  | {
      readonly kind: 'no-service'
      readonly service: 'coordinator' | 'worker'
      /** When the last one was seen, if that is known. */
      readonly lastSeenAt?: Date | undefined
    }
  /** Somebody has paused a queue. */
  | { readonly kind: 'paused-queue'; readonly queue: QueueName }
  /** A registry is not asked for a while. */
  | { readonly kind: 'paused-host'; readonly host: string; readonly until: Date; readonly because: string }
  /** Images wait to be tried again, the first of them until `at`. */
  | {
      readonly kind: 'retries'
      readonly images: number
      readonly at: Date
      /** That of the first one. */
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

/** A service, as far as it may be an obstacle. */
export interface SeenService {
  readonly id: string
  readonly service: string
  readonly name: string
  readonly alive: boolean
  readonly seenAt: Date
  readonly silentSince?: Date | undefined
}

/** A host that is not asked, by milliseconds since 1970. */
export interface SeenHost {
  readonly host: string
  readonly pausedUntil?: number | undefined
  readonly because?: string | undefined
}

export interface ObstacleSources {
  services(): Promise<readonly SeenService[]>
  hosts(): Promise<readonly SeenHost[]>
}

/**
 * Tells why things stand still: of one run, or of all. Rejects with `UNAVAILABLE` when Redis gives no answer in time.
 * Costs a few questions, whatever the queues have.
 */
export type ObstacleReader = (run?: string) => Promise<Obstacle[]>
