import {
  Collection,
  createStore,
  type Expected,
  has,
  type Image,
  type Ingester,
  MemoryDriver,
  MemoryNames,
  memoryLedgers,
  type Wanted,
  Withheld,
} from '@dist/content'
import {
  type BlobTask,
  type Outcome,
  storeTarget,
  type TargetOf,
  TransferBudget,
  transferBlob,
  type VerifyBlobOptions,
  verifyBlob,
} from '@dist/mirror'
import type { Digest } from '@dist/oci'
import {
  type CoordinatorParts,
  openRuns,
  type RunsOptions,
  startCoordinator,
  startWorker,
  type TransferOptions,
  type Tuning,
  type WorkerParts,
} from '@dist/queue'
import { createRedisLocker } from '@dist/redis'
import {
  type ImageReport,
  Notifier,
  type RunStatus,
  type Runs,
  type Service,
  type ServiceEvent,
} from '@dist/runs'
import { MemoryNotes } from '@dist/testkit'
import { type RedisServer, type RedisServerOptions, startRedis, waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { ScriptedRemote } from '../../../packages/mirror/test/support/remote.js'

/** Short times, so that tests need not wait. */
const soon: Partial<Tuning> = {
  lockDuration: 2_000,
  stalledInterval: 300,
  firstBackoff: 20,
  longestBackoff: 200,
  firstHeld: 20,
  longestHeld: 100,
  watch: 50,
  reconcile: 200,
  lostAfter: 300,
  sweep: 200,
  cancelPoll: 100,
  progress: 50,
  fullPause: 100,
}

/** Each writer has its own draft, as in a bucket: a dead writer blocks no other one. */
class SharedDriver extends MemoryDriver {
  #writes = 0

  override draft(ref: string, expected: Expected) {
    return super.draft(`${ref}#${this.#writes++}`, expected)
  }
}

/** A queue with a registry and a store in memory. Its services end with the test. */
export class QueueWorld {
  readonly remote = new ScriptedRemote()
  readonly driver = new SharedDriver()
  readonly content = createStore(this.driver)
  readonly names = new MemoryNames()
  readonly ledgers = memoryLedgers()
  readonly target = storeTarget(this.content, this.names)
  readonly notes = new MemoryNotes()
  readonly upkeep = {
    content: this.content,
    names: this.names,
    withheld: new Withheld(this.notes),
    sweep: async () => [],
    setAside: async (digest: Digest) => {
      await this.content.delete(digest)
      return `aside/${digest}`
    },
    collect: () => Collection.begin(this.notes, { poll: 20 }),
  }
  readonly events: ServiceEvent[] = []
  readonly tuning = soon
  readonly #clients: Redis[] = []
  readonly #services: Service[] = []
  readonly #runs: Runs[] = []

  constructor(readonly server: RedisServer) {}

  /** Another connection, as services open them. */
  connect(): Redis {
    const redis = new Redis({
      port: this.server.port,
      host: '127.0.0.1',
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
      reconnectOnError: (error) => error.message.includes('READONLY'),
    })
    redis.on('error', () => {})
    this.#clients.push(redis)
    return redis
  }

  runs(options: Partial<RunsOptions> = {}): Runs {
    const runs = openRuns({ connect: () => this.connect(), tuning: soon, ...options })
    this.#runs.push(runs)
    return runs
  }

  async coordinator(parts: Partial<CoordinatorParts> = {}): Promise<Service> {
    const published = { content: this.content, names: this.names }
    const pruning = { names: this.names, ledgers: this.ledgers }
    const notifier = new Notifier({
      targets: {},
      post: async () => ({ status: 204 }),
      readSecret: async () => '',
    })
    const { upkeep, target, remote: source } = this
    const own = { ...this.#parts(), source, target, published, pruning, notifier, upkeep }
    return this.#started(startCoordinator({ ...own, ...parts, tuning: { ...soon, ...parts.tuning } }))
  }

  /** The store as a target with another way to publish, which gets the usual one. */
  publishingBy(publish: (really: () => Promise<Image>) => Promise<Image>): TargetOf {
    return (reference) => {
      const target = this.target(reference)
      return { ...target, publish: (...args) => publish(() => target.publish(...args)) }
    }
  }

  /** The default of `worker`. */
  async transfer({ desc }: Pick<BlobTask, 'desc'>, options: TransferOptions = {}): Promise<Outcome> {
    const { absent, ...rest } = options
    const writer: Ingester['writer'] = (ref, expected, writing) =>
      this.content.writer(ref, expected, { ...writing, absent })
    return transferBlob(desc, { fetcher: this.remote.fetcher(), ingester: { writer } }, rest)
  }

  async worker(parts: Partial<WorkerParts> = {}): Promise<Service> {
    const own = {
      isPresent: ({ desc }: BlobTask) => has(this.content, desc),
      locker: createRedisLocker(this.connect(), { ttl: 3_000, renewEvery: 500 }),
      transfer: (task: BlobTask, options: TransferOptions) => this.transfer(task, options),
      verify: (wanted: Wanted, options: VerifyBlobOptions) => verifyBlob(wanted, this.content, options),
      budget: new TransferBudget({ bytes: 64 << 20, transfers: 64 }),
      concurrency: 8,
    }
    return this.#started(
      startWorker({ ...this.#parts(), ...own, ...parts, tuning: { ...soon, ...parts.tuning } }),
    )
  }

  /** Submits references of all platforms. */
  async submit(...references: string[]): Promise<{ runs: Runs; run: string }> {
    const runs = this.runs()
    return { runs, run: await runs.submit({ references, platforms: 'all' }) }
  }

  /** Waits until a run has ended. */
  async ended(runs: Runs, run: string, timeout?: number): Promise<RunStatus> {
    let status = await runs.status(run)
    const over = async () => {
      status = await runs.status(run)
      return status.state !== 'running'
    }
    await waitFor(over, `the end of run ${run}`, timeout)
    return status
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop({ deadline: 500 })))
    for (const runs of this.#runs) await runs[Symbol.asyncDispose]()
    for (const client of this.#clients) client.disconnect()
  }

  async #started(service: Service): Promise<Service> {
    this.#services.push(service)
    await service.ready()
    return service
  }

  #parts() {
    const onEvent = (event: ServiceEvent) => void this.events.push(event)
    return { connect: () => this.connect(), store: 'store-1', tuning: soon, onEvent }
  }
}

/** One Redis for the tests of a file, emptied after each; one world for each test. */
export function useQueue(options: RedisServerOptions = {}): () => QueueWorld {
  let server: RedisServer | undefined
  let world: QueueWorld | undefined
  beforeAll(async () => {
    server = await startRedis(options)
  })
  afterEach(async () => {
    await world?.close()
    world = undefined
    const admin = new Redis({ port: server?.port ?? 0, host: '127.0.0.1' })
    await admin.replicaof('NO', 'ONE')
    await admin.config('SET', 'maxmemory', 0)
    await admin.flushall()
    admin.disconnect()
  })
  afterAll(() => server?.stop())
  return () => {
    if (server === undefined) throw new Error('outside of a test')
    world ??= new QueueWorld(server)
    return world
  }
}

export async function reports(images: AsyncIterable<ImageReport>): Promise<ImageReport[]> {
  const all: ImageReport[] = []
  for await (const report of images) all.push(report)
  return all
}
