import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openRuns } from '@dist/queue'
import type { Runs } from '@dist/runs'
import {
  freePort,
  type RedisServer,
  type ServerProcess,
  startRedis,
  startServer,
} from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { cpuOf, peakOf } from './process.js'

export interface ClusterOptions {
  /** The store of all services. */
  readonly store: string
  readonly workers: number
  /** More arguments for each service. */
  readonly args?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** More arguments for each worker. */
  readonly workerArgs?: readonly string[] | undefined
}

/** How one run went. */
export interface Timed {
  /** Seconds from submitting until the last image is published. */
  readonly wall: number
  /** Seconds of CPU of coordinator, workers and Redis. */
  readonly cpu: number
}

/** A figure of each part. The workers count together. */
export interface OfServices {
  readonly coordinator: number
  readonly workers: number
  readonly redis: number
}

/** A queue with one coordinator and some workers, each a separate process. */
export class Cluster implements AsyncDisposable {
  private constructor(
    readonly server: RedisServer,
    readonly redis: Redis,
    readonly runs: Runs,
    readonly coordinator: ServerProcess,
    readonly workers: readonly ServerProcess[],
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const server = await startRedis()
    const connect = () => new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null })
    const started: ServerProcess[] = []
    try {
      const coordinator = await startService('coordinator', server.url, options)
      started.push(coordinator)
      for (let i = 0; i < options.workers; i++)
        started.push(await startService('worker', server.url, options, options.workerArgs))
      return new Cluster(server, connect(), openRuns({ connect }), coordinator, started.slice(1))
    } catch (error) {
      for (const service of started) await service.stop()
      await server.stop()
      throw error
    }
  }

  /** Mirrors all references and measures it; resolves when the services have nothing left to do. */
  async mirror(references: readonly string[]): Promise<Timed> {
    const cpuBefore = this.#cpu()
    const started = performance.now()
    const run = await this.runs.submit({ references, platforms: 'all' })
    await this.#until(run, ({ images }) => images.done === images.total)
    const wall = (performance.now() - started) / 1000
    const cpu = this.#cpu() - cpuBefore
    // A run is looked at once a second: its end is seen later than its last image.
    await this.#until(run, ({ state }) => state !== 'running')
    return { wall, cpu }
  }

  /** Seconds of processor time since the start of each process. */
  cpu(): OfServices {
    return this.#of(cpuOf)
  }

  /** The peak of the resident set of each process, in bytes; of several workers the sum. */
  peak(): OfServices {
    return this.#of((...pids) => pids.reduce((sum, pid) => sum + peakOf(pid), 0))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runs[Symbol.asyncDispose]()
    this.redis.disconnect()
    for (const service of [this.coordinator, ...this.workers]) await service.stop()
    await this.server.stop()
  }

  #cpu(): number {
    const { coordinator, workers, redis } = this.cpu()
    return coordinator + workers + redis
  }

  #of(figure: (...pids: readonly number[]) => number): OfServices {
    return {
      coordinator: figure(this.coordinator.pid),
      workers: figure(...this.workers.map(({ pid }) => pid)),
      redis: figure(this.server.pid()),
    }
  }

  async #until(run: string, condition: (status: Awaited<ReturnType<Runs['status']>>) => boolean) {
    for (;;) {
      const status = await this.runs.status(run)
      if (status.images.failed > 0) throw new Error(await this.#failure(run))
      if (condition(status)) return
      await delay(10)
    }
  }

  async #failure(run: string): Promise<string> {
    for await (const { reference, error } of this.runs.failed(run)) return `${reference}: ${error?.message}`
    return `run ${run} failed`
  }
}

async function startService(
  name: 'coordinator' | 'worker',
  queue: string,
  { store, env, args = [] }: ClusterOptions,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const program = fileURLToPath(new URL(`../../../services/cli/bin/${name}.mjs`, import.meta.url))
  const listen = `127.0.0.1:${await freePort()}`
  const settings = ['--queue', queue, '--store', store, '--listen', listen, '--log-level', 'warn']
  return startServer(process.execPath, [program, ...settings, ...args, ...more], {
    ready: async () => (await fetch(`http://${listen}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    timeout: 30_000,
    env,
  })
}
