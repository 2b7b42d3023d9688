import type { Manager, Names, Provider, Wanted } from '@dist/content'
import type { Locker } from '@dist/locks'
import type {
  BlobTask,
  ContentState,
  GarbageStore,
  IngestOptions,
  Outcome,
  PruneParts,
  RepairedStore,
  Source,
  Target,
  TransferBudget,
  VerifyBlobOptions,
} from '@dist/mirror'
import type { Locator, Reference } from '@dist/reference'
import type { HostPolicies, HostStates } from '@dist/remotes'
import type { Notifier, ScheduledFile, ServiceEvent } from '@dist/runs'
import type { Timing } from '@dist/schedule'
import type { Lists } from '@dist/sync'
import type { Redis } from 'ioredis'
import type { Tuning } from './tuning.js'

/** What coordinators and workers need. The queue package opens no connection, client or store itself. */
export interface ServiceParts {
  /** Opens another connection to the queue's Redis, with the options that BullMQ needs. */
  connect(): Redis
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** Shows that the service is alive. Default: none; what a dead service held is free when its locks expire. */
  presence?: ServicePresence | undefined
  /** The id of the store. All services of one queue have the same store. */
  store: string
  /** Overrides of the defaults. */
  tuning?: Partial<Tuning> | undefined
  /** Events worth a log line. */
  onEvent?(event: ServiceEvent): void
}

/** The service among those that share the queue. */
export interface ServicePresence {
  /** Marks the jobs that the service has. */
  readonly id: string
  /** Those of the services that are gone: what they held is free. Rejects when Redis is away. */
  gone(ids: readonly string[]): Promise<string[]>
  /** Calls the listener when the process was stopped for so long that others may have taken it for gone. */
  onStandstill(listener: () => void): () => void
}

interface HostParts {
  /** The state of hosts. Jobs that need a host in trouble are delayed and hold nothing meanwhile. */
  hosts?: HostStates | undefined
  /** How long jobs wait for hosts in trouble. Default: the defaults of `HostPolicy`. */
  policy?: HostPolicies | undefined
}

/** The published images of the services' store. */
export interface PublishedImages {
  readonly names: Pick<Names, 'get' | 'list'>
  readonly content: Provider & Pick<Manager, 'find'>
}

/** Collections of garbage that begin by themselves. */
export interface ScheduledCollections {
  readonly timing: Timing
  /** Milliseconds: younger content is kept. */
  readonly grace: number
}

export interface CoordinatorParts extends ServiceParts, HostParts {
  source: Source
  /** Lists what the mirror files of runs select. Default: such runs fail. */
  lists?: Lists | undefined
  /**
   * Reads the schedules of the operator's mirror file. They are applied at the start, when they change, and when Redis has
   * lost them. Undefined: they have not changed since the last call. Default: there is no such file.
   */
  readSchedules?: (() => Promise<ScheduledFile | undefined>) | undefined
  /** The target of an image: the store, or a repository below the prefix of a registry. */
  target(reference: Reference, to?: Locator): Target
  /** The images that a verification reads. */
  published: PublishedImages
  /** The names of the store, and the ledgers by which runs of mirror files prune them. */
  pruning: PruneParts
  /** The store that is measured, whose garbage runs collect, and whose images they repair. Default: such runs fail. */
  upkeep?: (GarbageStore & RepairedStore) | undefined
  /** When garbage is collected by itself, by the settings. Default: only when that is asked for. */
  collections?: ScheduledCollections | undefined
  /** When the store is measured by itself, by the settings. Default: only when that is asked for. */
  measurements?: Timing | undefined
  /** Tells the targets of the settings what runs have changed. */
  notifier: Pick<Notifier, 'check' | 'deliver'>
  /** Images of one host that are planned at the same time; four times as many over all hosts. Default: 16. */
  concurrency?: number | undefined
}

export interface WorkerParts extends ServiceParts, HostParts {
  /** Whether the target is known to have the blob. False for a blob whose state is not known. */
  isPresent(task: BlobTask, options: IngestOptions): Promise<boolean>
  locker: Locker
  /** Moves the bytes, unless the target turns out to have the content. */
  transfer(task: BlobTask, options: TransferOptions): Promise<Outcome>
  /** Whether transfers use `TransferOptions.absent`, because the store costs more to ask than Redis. Default: false. */
  trustsAbsence?: boolean | undefined
  /** Reads a stored blob and compares it with its digest. */
  verify(wanted: Wanted, options: VerifyBlobOptions): Promise<ContentState>
  budget: TransferBudget
  /** Blobs of one host at the same time; four times as many over all hosts. */
  concurrency: number
  /** Called for each transfer, at most once a second: what `dist active` shows. */
  onTransfer?(transfer: TransferProgress): void
}

export interface TransferOptions extends IngestOptions {
  /** The store lacked the blob when its image was planned, and no worker has stored it since. Default: not known. */
  absent?: boolean | undefined
}

export interface TransferProgress {
  readonly task: BlobTask
  readonly run: string
  readonly offset: number
  readonly ended: boolean
}
