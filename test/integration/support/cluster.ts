import { openS3Store, parseS3Url, type S3Store } from '@dist/content-s3'
import type { RunStatus } from '@dist/runs'
import { faults, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { type GatewayBucket, waitFor } from '@dist/testkit/servers'
import { openQueue, type Queue } from '@dist/wiring/queue'
import { afterEach, beforeAll } from 'vitest'
import { type DurableRedis, startDurableRedis } from './durable-redis.js'
import { hastyProgram, type Name, realProgram, type ServiceProcess, startProcess } from './processes.js'
import { NameWatch } from './published.js'
import { sharedGateway } from './servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

/** Shared by the tests of a file. */
export interface Ground {
  readonly gateway: GatewayBucket
}

export interface ServiceOptions {
  /** The program with its own time-outs, as users run it. Default: with short ones. */
  readonly real?: boolean | undefined
  /** Another address of the S3 gateway. */
  readonly endpoint?: string | undefined
  readonly args?: readonly string[] | undefined
}

/** A queue, a registry and a prefix in the bucket, all empty, with services that end with their test. */
export class Cluster {
  readonly #services: ServiceProcess[] = []
  readonly #clients: Queue[] = []
  #watch: NameWatch | undefined

  private constructor(
    private readonly ground: Ground,
    readonly prefix: string,
    readonly redis: DurableRedis,
    readonly registry: ScriptedRegistry,
    /** Connected to the gateway itself, without the proxies that services may use. */
    readonly store: S3Store,
  ) {}

  static async open(ground: Ground, prefix: string): Promise<Cluster> {
    const location = parseS3Url(ground.gateway.url(prefix))
    const [redis, registry, store] = await Promise.all([
      startDurableRedis(),
      startRegistry(),
      openS3Store(location, { connection: { credentials: ground.gateway.credentials } }),
    ])
    return new Cluster(ground, prefix, redis, registry, store)
  }

  get gateway(): GatewayBucket {
    return this.ground.gateway
  }

  get env(): Record<string, string> {
    return { ...this.gateway.env, DIST_QUEUE: this.redis.url }
  }

  async start(name: Name, options: ServiceOptions = {}): Promise<ServiceProcess> {
    const program = options.real ? realProgram(name) : hastyProgram(name)
    const flags = ['--store', this.gateway.url(this.prefix, options.endpoint), '--listen', '127.0.0.1:0']
    const more = ['--log-level', 'debug', ...(options.args ?? [])]
    const service = await startProcess(name, [...program, ...flags, ...more], this.env)
    this.#services.push(service)
    return service
  }

  /** Starts this number of coordinators and workers. */
  async startAll(coordinators: number, workers: number, options: ServiceOptions = {}) {
    const several = (name: Name, count: number) =>
      Promise.all(Array.from({ length: count }, () => this.start(name, options)))
    const [first, second] = await Promise.all([
      several('coordinator', coordinators),
      several('worker', workers),
    ])
    return { coordinators: first, workers: second, all: [...first, ...second] }
  }

  async client(): Promise<Queue['runs']> {
    const queue = await openQueue(this.redis.url, {})
    this.#clients.push(queue)
    return queue.runs
  }

  async submit(references: readonly string[]): Promise<string> {
    return (await this.client()).submit({ references, platforms: 'all' })
  }

  /** Waits until a run has ended. */
  async ended(run: string, timeout = 30_000): Promise<RunStatus> {
    const runs = await this.client()
    let status = await runs.status(run)
    const over = async () => {
      status = await runs.status(run)
      return status.state !== 'running'
    }
    await waitFor(over, `the end of run ${run}`, timeout).catch((error: unknown) => {
      throw new Error(`${error}: ${JSON.stringify(status)}`)
    })
    return status
  }

  /** Checks each name from now on when it appears. */
  watchNames(): NameWatch {
    this.#watch ??= new NameWatch(this.store)
    return this.#watch
  }

  /** The published names, each with the digest of its image. */
  async names(): Promise<Record<string, string>> {
    const names: Record<string, string> = {}
    for await (const { name, desc } of this.store.names.list()) names[name] = desc.digest
    return names
  }

  async close(): Promise<void> {
    await this.#watch?.stop()
    await Promise.allSettled(this.#services.map((service) => service.kill()))
    for (const client of this.#clients) await client[Symbol.asyncDispose]()
    await this.registry[Symbol.asyncDispose]()
    await this.store.close()
    await this.redis.stop()
  }
}

/** A new cluster for each test of the file, all in one bucket. */
export function useCluster(file: string): () => Promise<Cluster> {
  let ground: Ground | undefined
  let cluster: Cluster | undefined
  let count = 0
  beforeAll(async () => {
    ground = { gateway: await sharedGateway() }
  })
  afterEach(async () => {
    const used = cluster
    cluster = undefined
    await used?.close()
  })
  return async () => {
    if (ground === undefined) throw new Error('outside of a test')
    cluster ??= await Cluster.open(ground, `${file}-${++count}`)
    return cluster
  }
}

/** Sends `bytes` of a body, and the rest when `released` resolves. */
export function heldBody(bytes: number, released: Promise<void>) {
  return faults.delivered((response, { status, headers, body }) => {
    response.writeHead(status, headers)
    response.write(body.subarray(0, bytes))
    void released.then(() => response.end(body.subarray(bytes)))
  })
}
