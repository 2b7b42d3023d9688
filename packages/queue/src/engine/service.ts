import { setTimeout as delay } from 'node:timers/promises'
import { backoff, DistError, isRetryable } from '@dist/errdefs'
import type { Service } from '@dist/runs'
import { answered, toDistError } from '../redis/errors.js'
import type { RunningConsumer } from './consumer.js'
import type { Engine } from './engine.js'
import { Reclaim } from './reclaim.js'
import { claimStore } from './store-id.js'

const defaultDeadlineMs = 10_000
/** A consumer with room beside waiting jobs counts as not consuming after this time. */
const idleLimitMs = 15_000
/** Within this time Redis has recorded the end of the last job. */
const lastRecordMs = 1_000

interface ServiceWork {
  readonly consumers: readonly RunningConsumer[]
  /** Starts what runs beside the consumers. */
  start?(): void
  /** Stops it. */
  stop?(): void
}

/** A service: consumers over one engine. */
export class EngineService implements Service {
  readonly #ready: Promise<void>
  readonly #idleSince = new Map<string, number>()
  readonly #reclaim: Reclaim | undefined
  #stopped: Promise<void> | undefined

  constructor(
    private readonly engine: Engine,
    private readonly work: ServiceWork,
  ) {
    this.#reclaim = engine.presence && new Reclaim(engine, engine.presence)
    this.#ready = this.#start()
    // `ready` passes the error on. It is not unhandled when nothing calls `ready`.
    this.#ready.catch(() => {})
  }

  get active(): number {
    return this.work.consumers.reduce((sum, consumer) => sum + consumer.active, 0)
  }

  ready(): Promise<void> {
    return this.#ready
  }

  async checkReady(): Promise<void> {
    if (this.#stopped !== undefined) throw new DistError('UNAVAILABLE', 'the service stops')
    const { redis, tuning } = this.engine
    const ask = <T>(answer: Promise<T>) => answered(answer, tuning.timeoutMs)
    // At once: a probe may not have the time to wait for the timeout.
    if (redis.status !== 'ready') throw new DistError('UNAVAILABLE', 'Redis is away')
    await ask(this.#ready)
    await ask(redis.ping())
    // Read before the questions: a job that is taken meanwhile must not make the consumer look idle.
    const consumers = this.work.consumers.map(({ worker, hasRoom, startedAt }) => ({
      worker,
      hasRoom,
      startedAt,
    }))
    for (const { worker, hasRoom, startedAt } of consumers) {
      if (!worker.isRunning()) throw new DistError('UNAVAILABLE', `queue ${worker.name}: not being consumed`)
      const waiting = await ask(this.#countWaiting(worker))
      // A paused queue is an obstacle of its own.
      if ((await ask(redis.hexists(worker.toKey('meta'), 'paused'))) === 1) continue
      this.#checkConsuming(worker.name, waiting > 0 && hasRoom, startedAt)
    }
  }

  stop({ deadline = defaultDeadlineMs }: { deadline?: number | undefined } = {}): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #start(): Promise<void> {
    await this.#claimStore()
    this.work.start?.()
    this.#reclaim?.begin()
    for (const consumer of this.work.consumers) consumer.run()
    await Promise.all(this.work.consumers.map(({ worker }) => worker.waitUntilReady()))
  }

  /** Jobs that could be taken. BullMQ keeps those with a priority apart. */
  async #countWaiting({ toKey }: RunningConsumer['worker']): Promise<number> {
    const { redis } = this.engine
    const counts = await Promise.all([redis.llen(toKey('wait')), redis.zcard(toKey('prioritized'))])
    return counts[0] + counts[1]
  }

  /** Waits for a Redis that is away or takes no writes. */
  async #claimStore(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const error = await claimStore(this.engine).then(
        () => undefined,
        (thrown: unknown) => toDistError(thrown),
      )
      if (this.#stopped !== undefined) throw new DistError('CANCELED', 'the service was stopped')
      if (error === undefined) return
      if (!isRetryable(error)) throw error
      this.engine.emit({ type: 'error', error })
      await delay(backoff(attempt, 100, 1_000))
    }
  }

  #checkConsuming(name: string, isIdle: boolean, startedAt: number): void {
    const since = this.#idleSince.get(name)
    if (!isIdle) this.#idleSince.delete(name)
    else if (since === undefined || startedAt > since) this.#idleSince.set(name, performance.now())
    else if (performance.now() - since > idleLimitMs)
      throw new DistError('UNAVAILABLE', `queue ${name}: jobs wait and none is taken`)
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.work.stop?.()
    this.#reclaim?.stop()
    const { consumers } = this.work
    const late = new AbortController()
    const closed = Promise.allSettled(consumers.map((consumer) => consumer.close()))
    const passed = delay(deadlineMs, undefined, { signal: late.signal })
    await Promise.race([closed, this.#untilIdle(late.signal), passed]).catch(() => {})
    late.abort()
    this.engine.cancellations.stop()
    // Jobs that are still under way lose their locks, and other services take them over.
    for (const { worker } of consumers) disconnectBlocking(worker)
    this.engine.redis.disconnect()
  }

  /**
   * Without jobs nothing is to be handed back; without Redis nothing can be. The end of the last job is recorded within
   * `lastRecordMs`. BullMQ's own close may wait for a connection that does not come back.
   */
  async #untilIdle(signal: AbortSignal): Promise<void> {
    for (let since = performance.now(); performance.now() - since < lastRecordMs; ) {
      if (this.active > 0) since = performance.now()
      else if (this.engine.redis.status !== 'ready') return
      await delay(25, undefined, { signal })
    }
  }
}

/** BullMQ waits without a limit until this connection ends. */
function disconnectBlocking(worker: RunningConsumer['worker']): void {
  worker
    .getBackend()
    .blockingClient?.then((client) => client.disconnect())
    .catch(() => {})
}
