import type { Manager, Names, Provider, Wanted } from '@dist/content'
import type { Locker } from '@dist/locks'
import type {
  BlobTask,
  ContentState,
  IngestOptions,
  Outcome,
  Source,
  Target,
  TransferBudget,
  VerifyBlobOptions,
} from '@dist/mirror'
import type { Locator, Reference } from '@dist/reference'
import type { HostPolicy, HostStates } from '@dist/remotes'
import type { ServiceEvent } from '@dist/runs'
import type { Redis } from 'ioredis'
import type { Tuning } from './tuning.js'

/** What coordinators and workers are given. The queue package makes no connection, client or store of its own. */
export interface ServiceParts {
  /** Makes one more connection to the queue's Redis, with the settings that BullMQ needs. */
  connect(): Redis
  /** Keys start with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** How the service shows that it lives. Default: it does not, and what it held is free when its locks expire. */
  presence?: ServicePresence | undefined
  /** The store's id: all services of one queue have the same store. */
  store: string
  /** Times and bounds other than the defaults. */
  tuning?: Partial<Tuning> | undefined
  /** Events worth a log line. */
  onEvent?(event: ServiceEvent): void
}

/** The service among those that share the queue. */
export interface ServicePresence {
  /** Names the service in the jobs that it takes. */
  readonly id: string
  /** Those of the services that are gone: what they held is free. Rejects when Redis is away. */
  gone(ids: readonly string[]): Promise<string[]>
  /** Calls when the process stood still for so long that others may have taken it for gone. */
  onStandstill(listener: () => void): () => void
}

export interface HostParts {
  /** Tells of hosts in trouble. What needs them is put off and holds nothing meanwhile; the rest goes on. */
  hosts?: HostStates | undefined
  /** For how long hosts in trouble are waited for. Default: the defaults of `HostPolicy`. */
  policy?: Partial<HostPolicy> | undefined
}

/** What the services' store has published. */
export interface PublishedImages {
  readonly names: Pick<Names, 'get' | 'list'>
  readonly content: Provider & Pick<Manager, 'info'>
}

export interface CoordinatorParts extends ServiceParts, HostParts {
  source: Source
  /** Where an image goes: into the store, or below the prefix of a registry. */
  target(reference: Reference, to?: Locator): Target
  /** What a verification looks through. */
  published: PublishedImages
  /** Images of one host that are planned at the same time; of all hosts, four times as many. Default: 16. */
  concurrency?: number | undefined
}

export interface WorkerParts extends ServiceParts, HostParts {
  /** Whether the target is known to have the blob. False for a blob whose state is not known. */
  isPresent(task: BlobTask, options: IngestOptions): Promise<boolean>
  locker: Locker
  /** Moves the bytes, unless the target turns out to have the content. */
  transfer(task: BlobTask, options: IngestOptions): Promise<Outcome>
  /** Reads a blob of the store and compares it with its digest. */
  verify(wanted: Wanted, options: VerifyBlobOptions): Promise<ContentState>
  budget: TransferBudget
  /** Blobs of one host at the same time; of all hosts, four times as many. */
  concurrency: number
  /** Told of each transfer, at most once a second: what `dist active` shows. */
  onTransfer?(transfer: TransferProgress): void
}

export interface TransferProgress {
  readonly task: BlobTask
  readonly run: string
  readonly offset: number
  readonly ended: boolean
}
