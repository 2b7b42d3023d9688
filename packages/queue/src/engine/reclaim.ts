import { jitter } from '@dist/errdefs'
import type { Queue } from 'bullmq'
import { defineScript, type Script } from '../redis/script.js'
import type { ServicePresence } from '../service.js'
import type { Engine } from './engine.js'

/** The field of a job that counts the services that died while they worked on it. */
export const deathsField = 'dist:deaths'

/** Services that come back later than this find their jobs counted, in seconds. */
const remembered = 3_600

/**
 * KEYS: lock, job, reclaimed. ARGV: token, or nothing where the lock has expired; service, seconds. Frees the job of a
 * service that is gone, unless somebody else has it by now, and counts it once for each time that it was started;
 * BullMQ's stall check hands it out again.
 */
const freeScript = `
local lock = redis.call('GET', KEYS[1])
if redis.call('HGET', KEYS[2], 'pb') ~= ARGV[2] or (lock and lock ~= ARGV[1]) then return 0 end
local starts = redis.call('HGET', KEYS[2], 'ats')
if redis.call('HGET', KEYS[2], 'dist:death') == starts then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], 'dist:death', starts)
redis.call('HINCRBY', KEYS[2], '${deathsField}', 1)
redis.call('SADD', KEYS[3], KEYS[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return 1`

/** KEYS: reclaimed. A service that comes back only stood still: its jobs have killed nobody. */
const forgiveScript = `
for _, job in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if tonumber(redis.call('HGET', job, '${deathsField}') or 0) > 0 then
    redis.call('HINCRBY', job, '${deathsField}', -1)
  end
end
return redis.call('DEL', KEYS[1])`

/**
 * Frees the jobs of services that are gone, long before BullMQ's locks expire; those of one that is busy keep them as
 * long as the locks last. Services take turns at looking.
 */
export class Reclaim {
  readonly #free: Script
  readonly #forgive: Script
  readonly #prefix: string
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly engine: Engine,
    private readonly presence: ServicePresence,
  ) {
    this.#free = defineScript(engine.redis, 'distFreeJob', freeScript)
    this.#forgive = defineScript(engine.redis, 'distForgive', forgiveScript)
    this.#prefix = `${engine.keys.prefix}:reclaim`
  }

  begin(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#look(), jitter(this.engine.tuning.reclaim / 2))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const { engine, presence } = this
    try {
      await this.#forgive([this.#reclaimedOf(presence.id)], [])
      const turn = await engine.redis.set(
        `${this.#prefix}:turn`,
        presence.id,
        'PX',
        Math.ceil(engine.tuning.reclaim / 2),
        'NX',
      )
      if (turn !== null)
        for (const queue of Object.values(engine.queues)) await this.#freeJobs(queue as Queue)
    } catch (error) {
      if (!this.#stopped) engine.emit({ type: 'error', error })
    }
    this.begin()
  }

  async #freeJobs(queue: Queue): Promise<void> {
    const { redis } = this.engine
    const ids = await redis.lrange(queue.toKey('active'), 0, -1)
    if (ids.length === 0) return
    const pipeline = redis.pipeline()
    for (const id of ids) pipeline.hget(queue.toKey(id), 'pb').get(`${queue.toKey(id)}:lock`)
    const answers = ((await pipeline.exec()) ?? []).map(([, value]) => value as string | null)
    const held = ids.flatMap((id, i) => {
      const [service, token] = [answers[2 * i], answers[2 * i + 1]]
      return service ? [{ id, service, token: token ?? '' }] : []
    })
    const gone = new Set(await this.presence.gone([...new Set(held.map(({ service }) => service))]))
    for (const { id, service, token } of held.filter(({ service }) => gone.has(service))) {
      const key = queue.toKey(id)
      await this.#free([`${key}:lock`, key, this.#reclaimedOf(service)], [token, service, remembered])
    }
  }

  #reclaimedOf(service: string): string {
    return `${this.#prefix}:of:${service}`
  }
}
