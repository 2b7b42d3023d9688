import { setTimeout as delay } from 'node:timers/promises'
import { backoff, DistError, isRetryable } from '@dist/errdefs'
import type { Service } from '@dist/runs'
import { answered, toDistError } from '../redis/errors.js'
import type { Consumer } from './consumer.js'
import type { Engine } from './engine.js'
import { Reclaim } from './reclaim.js'
import { claimStore } from './storeid.js'

const defaultDeadline = 10_000
/** Jobs may wait so long beside a consumer that has room before it counts as not consuming, in milliseconds. */
const patienceWithConsumer = 15_000

/** Milliseconds within which Redis is told of the last job's end. */
const lastWords = 1_000

export interface Running {
  /** Any payload: consumers differ in theirs. */
  readonly consumers: readonly Consumer<never>[]
  /** Ends what runs beside the consumers. */
  stop?(): void
}

/** A service of some consumers over one engine. */
export class EngineService implements Service {
  readonly #ready: Promise<void>
  readonly #hungrySince = new Map<string, number>()
  readonly #reclaim: Reclaim | undefined
  #stopped: Promise<void> | undefined

  constructor(
    private readonly engine: Engine,
    private readonly running: Running,
    begin: () => void = () => {},
  ) {
    this.#reclaim = engine.presence && new Reclaim(engine, engine.presence)
    this.#ready = this.#start(begin)
    // Whoever waits for it is told; nobody has to.
    this.#ready.catch(() => {})
  }

  get active(): number {
    return this.running.consumers.reduce((sum, consumer) => sum + consumer.active, 0)
  }

  ready(): Promise<void> {
    return this.#ready
  }

  async checkReady(): Promise<void> {
    if (this.#stopped !== undefined) throw new DistError('UNAVAILABLE', 'the service stops')
    const { patience } = this.engine.tuning
    // Whoever asks may not have the time to wait for an answer.
    if (this.engine.redis.status !== 'ready') throw new DistError('UNAVAILABLE', 'Redis is away')
    await answered(this.#ready, patience)
    await answered(this.engine.redis.ping(), patience)
    for (const { worker, ...consumer } of this.running.consumers.map(snapshot)) {
      if (!worker.isRunning()) throw new DistError('UNAVAILABLE', `${worker.name} are not being consumed`)
      const waiting = await answered(this.#waiting(worker), patience)
      // Somebody wants it so: that is told of elsewhere.
      if ((await answered(this.engine.redis.hexists(worker.toKey('meta'), 'paused'), patience)) === 1)
        continue
      this.#checkFed(worker.name, waiting > 0 && consumer.hasRoom, consumer.startedAt)
    }
  }

  stop({ deadline = defaultDeadline }: { deadline?: number | undefined } = {}): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #start(begin: () => void): Promise<void> {
    await this.#claimStore()
    begin()
    this.#reclaim?.begin()
    for (const consumer of this.running.consumers) consumer.run()
    await Promise.all(this.running.consumers.map(({ worker }) => worker.waitUntilReady()))
  }

  /** Jobs that may be taken: BullMQ keeps those with a priority apart. */
  async #waiting({ toKey }: Consumer<never>['worker']): Promise<number> {
    const { redis } = this.engine
    const counts = await Promise.all([redis.llen(toKey('wait')), redis.zcard(toKey('prioritized'))])
    return counts[0] + counts[1]
  }

  /** A Redis that is away, or takes no writes, is waited for. */
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

  #checkFed(name: string, hungry: boolean, startedAt: number): void {
    const since = this.#hungrySince.get(name)
    if (!hungry) this.#hungrySince.delete(name)
    else if (since === undefined || startedAt > since) this.#hungrySince.set(name, performance.now())
    else if (performance.now() - since > patienceWithConsumer)
      throw new DistError('UNAVAILABLE', `${name} wait, and none is being taken`)
  }

  async #stop(deadline: number): Promise<void> {
    this.running.stop?.()
    this.#reclaim?.stop()
    const { consumers } = this.running
    const late = new AbortController()
    const closed = Promise.allSettled(consumers.map((consumer) => consumer.close()))
    const passed = delay(deadline, undefined, { signal: late.signal })
    await Promise.race([closed, this.#untilIdle(late.signal), passed]).catch(() => {})
    late.abort()
    this.engine.cancellations.stop()
    // What is still under way loses its lock and is taken over by others.
    for (const { worker } of consumers) disconnectBlocking(worker)
    this.engine.redis.disconnect()
  }

  /**
   * Without jobs there is nothing to hand back; without Redis, nobody to tell. With it, the end of the last job is
   * told within a moment. BullMQ's own closing may wait for a connection that does not come back.
   */
  async #untilIdle(signal: AbortSignal): Promise<void> {
    for (let since = performance.now(); performance.now() - since < lastWords; ) {
      if (this.active > 0) since = performance.now()
      else if (this.engine.redis.status !== 'ready') return
      await delay(25, undefined, { signal })
    }
  }
}

function snapshot({ worker, hasRoom, startedAt }: Consumer<never>) {
  return { worker, hasRoom, startedAt }
}

/** BullMQ waits for this connection's end as long as it takes. */
function disconnectBlocking(worker: Consumer<never>['worker']): void {
  worker
    .getBackend()
    .blockingClient?.then((client) => client.disconnect())
    .catch(() => {})
}
