import type { Locker } from '@dist/locks'
import type { BlobTask, IngestOptions, Source, TargetOf, TransferBudget } from '@dist/mirror'
import type { Redis } from 'ioredis'
import type { Tuning } from './tuning.js'

/** What coordinators and workers are given. The queue package makes no connection, client or store of its own. */
export interface ServiceParts {
  /** Makes one more connection to the queue's Redis, with the settings that BullMQ needs. */
  connect(): Redis
  /** Keys start with it. Default: `{dist}`. */
  prefix?: string
  /** The store's id: all services of one queue have the same store. */
  store: string
  /** Times and bounds other than the defaults. */
  tuning?: Partial<Tuning>
  /** Events worth a log line. */
  onEvent?(event: ServiceEvent): void
}

export interface CoordinatorParts extends ServiceParts {
  source: Source
  target: TargetOf
  /** Images planned at the same time. Default: 16. */
  concurrency?: number
  /** As workers have it: images of a host that must not be asked are put off, others go on. */
  pausedFor?(host: string): Promise<number>
}

export interface WorkerParts extends ServiceParts {
  /** Tells whether the target has the blob already. */
  present(task: BlobTask, options: IngestOptions): Promise<boolean>
  locker: Locker
  /** Moves the bytes; resolves to false when the content turned out to be there. */
  transfer(task: BlobTask, options: IngestOptions): Promise<boolean>
  budget: TransferBudget
  /** Blobs at the same time. */
  concurrency: number
  /** Milliseconds for which a host must not be asked (a 429's Retry-After, shared by all workers); 0: go on. */
  pausedFor?(host: string): Promise<number>
  /** Told of each transfer, at most once a second: what `dist active` shows. */
  onTransfer?(transfer: TransferProgress): void
}

export interface TransferProgress {
  readonly task: BlobTask
  readonly run: string
  readonly offset: number
  readonly ended: boolean
}

export type ServiceEvent =
  | { readonly type: 'run'; readonly run: string; readonly state: 'started' | 'done' | 'failed' | 'canceled' }
  | {
      readonly type: 'image' | 'blob'
      readonly run: string
      readonly state: 'started' | 'done' | 'present' | 'delayed' | 'retrying' | 'failed' | 'canceled'
      /** The reference, or the digest. */
      readonly subject: string
      readonly bytes?: number
      readonly milliseconds?: number
      readonly error?: unknown
    }
  | { readonly type: 'error'; readonly error: unknown }

/** A coordinator or a worker that takes jobs. */
export interface Service {
  /** Resolves when it takes jobs. */
  ready(): Promise<void>
  /** Proves that jobs are being consumed, not only that Redis answers. Throws `UNAVAILABLE` with the reason. */
  checkReady(): Promise<void>
  /** Jobs being worked on. */
  readonly active: number
  /**
   * Takes no more jobs; those under way are aborted and handed back without losing an attempt, or left to the
   * stall check when the deadline (milliseconds, default 10,000) passes first. Never hangs.
   */
  stop(options?: { deadline?: number }): Promise<void>
}
