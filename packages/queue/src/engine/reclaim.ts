import { jitter } from '@dist/errdefs'
import { defineScript } from '@dist/redis'
import type { Queue } from 'bullmq'
import type { ServicePresence } from '../service.js'
import type { Engine } from './engine.js'

/** The field of a job that counts the services that died while they worked on it. */
export const deathsField = 'dist:deaths'

/** Seconds within which a service that comes back has the deaths that were counted for its jobs withdrawn. */
const forgivenWithin = 3_600

/**
 * Frees the job of a service that is gone, unless another one has it by now, and counts a death once for each start of
 * the job. BullMQ's stall check hands the job out again. `token`: of the lock, empty when it has expired; `kept`: of
 * the set of reclaimed jobs, in seconds.
 */
const freeJob = defineScript('freeJob', {
  keys: ['lock', 'job', 'reclaimed'],
  args: ['token', 'service', 'kept'],
  lua: `
local lock = redis.call('GET', keys.lock)
if redis.call('HGET', keys.job, 'pb') ~= args.service or (lock and lock ~= args.token) then return 0 end
local starts = redis.call('HGET', keys.job, 'ats')
if redis.call('HGET', keys.job, 'dist:death') == starts then return 0 end
redis.call('DEL', keys.lock)
redis.call('HSET', keys.job, 'dist:death', starts)
redis.call('HINCRBY', keys.job, '${deathsField}', 1)
redis.call('SADD', keys.reclaimed, keys.job)
redis.call('EXPIRE', keys.reclaimed, args.kept)
return 1`,
  reply: () => undefined,
})

/** Withdraws the deaths that were counted for a service's jobs: it has come back, so it was only stopped. */
const forgiveDeaths = defineScript('forgiveDeaths', {
  keys: ['reclaimed'],
  args: [],
  lua: `
for _, job in ipairs(redis.call('SMEMBERS', keys.reclaimed)) do
  if tonumber(redis.call('HGET', job, '${deathsField}') or 0) > 0 then
    redis.call('HINCRBY', job, '${deathsField}', -1)
  end
end
return redis.call('DEL', keys.reclaimed)`,
  reply: () => undefined,
})

/** A job that a service works on. */
interface HeldJob {
  /** Its key. */
  readonly job: string
  readonly service: string
}

/**
 * Frees the jobs of services that are gone, long before BullMQ's locks expire. A busy service keeps its jobs as long as
 * their locks last. One service at a time looks for such jobs.
 */
export class Reclaim {
  readonly #prefix: string
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly engine: Engine,
    private readonly presence: ServicePresence,
  ) {
    this.#prefix = `${engine.keys.prefix}:reclaim`
  }

  begin(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#run(), jitter(this.engine.tuning.reclaim / 2))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #run(): Promise<void> {
    const { engine, presence } = this
    try {
      await forgiveDeaths(engine.redis, { reclaimed: this.#reclaimedOf(presence.id) }, {})
      if (await this.#takeTurn())
        for (const queue of Object.values(engine.queues)) await this.#freeJobs(queue)
    } catch (error) {
      if (!this.#stopped) engine.emit({ type: 'error', error })
    }
    this.begin()
  }

  async #takeTurn(): Promise<boolean> {
    const { redis, tuning } = this.engine
    const turnMs = Math.ceil(tuning.reclaim / 2)
    return (await redis.set(`${this.#prefix}:turn`, this.presence.id, 'PX', turnMs, 'NX')) !== null
  }

  async #freeJobs(queue: Pick<Queue, 'toKey'>): Promise<void> {
    const { redis } = this.engine
    const ids = await redis.lrange(queue.toKey('active'), 0, -1)
    if (ids.length === 0) return
    const pipeline = redis.pipeline()
    for (const id of ids) pipeline.hget(queue.toKey(id), 'pb')
    const services = ((await pipeline.exec()) ?? []).map(([, value]) => value as string | null)
    const held = ids.flatMap((id, i) => (services[i] ? [{ job: queue.toKey(id), service: services[i] }] : []))
    const gone = await this.#goneOf(held)
    if (gone.length > 0) await this.#freeHeld(gone)
  }

  async #freeHeld(held: readonly HeldJob[]): Promise<void> {
    const { redis } = this.engine
    const locked = await Promise.all(
      held.map(async (each) => ({ ...each, token: (await redis.get(`${each.job}:lock`)) ?? '' })),
    )
    // Again: a service that came back before its lock was read may have taken the job once more.
    for (const { job, service, token } of await this.#goneOf(locked)) {
      const keys = { lock: `${job}:lock`, job, reclaimed: this.#reclaimedOf(service) }
      await freeJob(redis, keys, { token, service, kept: forgivenWithin })
    }
  }

  /** The jobs whose service is gone. */
  async #goneOf<T extends HeldJob>(held: readonly T[]): Promise<T[]> {
    const gone = new Set(await this.presence.gone([...new Set(held.map(({ service }) => service))]))
    return held.filter(({ service }) => gone.has(service))
  }

  #reclaimedOf(service: string): string {
    return `${this.#prefix}:of:${service}`
  }
}
