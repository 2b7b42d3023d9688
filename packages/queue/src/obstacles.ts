import { sanitize } from '@dist/errdefs'
import {
  type Obstacle,
  type ObstacleReader,
  type ObstacleSources,
  obstaclesOfHosts,
  type QueueName,
  type SeenService,
} from '@dist/runs'
import type { Redis } from 'ioredis'
import { readReason } from './jobs/failure.js'
import { queueNames } from './jobs/queues.js'
import { answered } from './redis/errors.js'
import { Keys } from './redis/keys.js'

/** Jobs of a queue that are read. */
const maxJobs = 1_000
/** Jobs of silent services that are reported. */
const maxHeld = 20
const defaultTimeoutMs = 2_000

interface ObstacleReaderOptions {
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** The longest wait for Redis. Default: 2,000. */
  timeoutMs?: number | undefined
}

/** Reads what delays the runs of a queue. */
export function obstacleReader(
  redis: Redis,
  sources: ObstacleSources,
  { prefix, timeoutMs = defaultTimeoutMs }: ObstacleReaderOptions = {},
): ObstacleReader {
  const reader = new Reader(redis, new Keys(prefix))
  const read = async (run: string | undefined) => {
    const [services, hosts] = await Promise.all([sources.services(), sources.hosts()])
    const [paused, lost, retries, held] = await Promise.all([
      reader.pausedQueues(),
      // They are not missed by one run.
      run === undefined ? reader.lostSchedules() : [],
      reader.retries(run),
      reader.held(services, run),
    ])
    return [...missingServices(services), ...paused, ...lost, ...obstaclesOfHosts(hosts), ...retries, ...held]
  }
  return (run) => answered(read(run), timeoutMs)
}

function missingServices(services: readonly SeenService[]): Obstacle[] {
  return (['coordinator', 'worker'] as const).flatMap((service): Obstacle[] => {
    const known = services.filter((each) => each.service === service)
    if (known.some(({ alive }) => alive)) return []
    const last = Math.max(...known.map(({ seenAt }) => seenAt.getTime()))
    return [{ kind: 'no-service', service, lastSeenAt: known.length === 0 ? undefined : new Date(last) }]
  })
}

class Reader {
  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
  ) {}

  async pausedQueues(): Promise<Obstacle[]> {
    const names = Object.values(queueNames)
    const paused = await Promise.all(
      names.map((name) => this.redis.hexists(this.#key(name, 'meta'), 'paused')),
    )
    return names.filter((_, i) => paused[i] === 1).map((queue) => ({ kind: 'paused-queue', queue }))
  }

  async lostSchedules(): Promise<Obstacle[]> {
    const lost = Object.entries(await this.redis.hgetall(this.keys.lostSchedules))
    if (lost.length === 0) return []
    const at = new Date(Math.max(...lost.map(([, time]) => Number(time))))
    return [{ kind: 'lost-schedules', names: lost.map(([name]) => name).sort(), at }]
  }

  /** Images that wait for another attempt, or one of whose blobs does. */
  async retries(run: string | undefined): Promise<Obstacle[]> {
    const [images, blobs] = await Promise.all([this.#delayed('images', run), this.#delayed('blobs', run)])
    const failed = [...images, ...blobs].sort((a, b) => a.at - b.at)
    const [first] = failed
    if (first === undefined) return []
    const distinct = new Set(failed.map(({ id }) => id.split('-', 2).join('-')))
    const { at, reason } = first
    return [{ kind: 'retries', images: distinct.size, at: new Date(at), error: readReason(reason) }]
  }

  async #delayed(queue: QueueName, run: string | undefined) {
    const flat = await this.redis.zrange(this.#key(queue, 'delayed'), '0', String(maxJobs - 1), 'WITHSCORES')
    const jobs: { id: string; at: number }[] = []
    for (let i = 0; i < flat.length; i += 2) {
      const id = flat[i] ?? ''
      // BullMQ keeps the time in all but the last 12 bits.
      if (belongsTo(id, run)) jobs.push({ id, at: Math.floor(Number(flat[i + 1]) / 0x1000) })
    }
    const fields = await this.#fields(
      queue,
      jobs.map(({ id }) => id),
      ['atm', 'failedReason'],
    )
    return jobs.flatMap((job, i) => {
      const [attempts, reason] = fields[i] ?? []
      return Number(attempts) > 0 && reason != null ? [{ ...job, reason }] : []
    })
  }

  async held(services: readonly SeenService[], run: string | undefined): Promise<Obstacle[]> {
    const silent = new Map(services.flatMap((each) => (each.silentSince ? [[each.id, each] as const] : [])))
    if (silent.size === 0) return []
    const found = await Promise.all(
      (['images', 'blobs'] as const).map((queue) => this.#heldOf(queue, silent, run)),
    )
    return found.flat().slice(0, maxHeld)
  }

  async #heldOf(
    queue: QueueName,
    silent: ReadonlyMap<string, SeenService>,
    run: string | undefined,
  ): Promise<Obstacle[]> {
    const active = await this.redis.lrange(this.#key(queue, 'active'), 0, maxJobs - 1)
    const ids = active.filter((id) => belongsTo(id, run))
    const fields = await this.#fields(queue, ids, ['pb', 'data'])
    return fields.flatMap(([holder, data]): Obstacle[] => {
      const service = silent.get(holder ?? '')
      if (service?.silentSince === undefined) return []
      const { name: by, silentSince } = service
      return [{ kind: 'held', queue, subject: subjectOf(data), by, silentSince }]
    })
  }

  async #fields(queue: QueueName, ids: readonly string[], names: string[]): Promise<(string | null)[][]> {
    const pipeline = this.redis.pipeline()
    for (const id of ids) pipeline.hmget(this.#key(queue, id), ...names)
    return ((await pipeline.exec()) ?? []).map(([, values]) => (values ?? []) as (string | null)[])
  }

  #key(queue: QueueName, what: string): string {
    return `${this.keys.prefix}:${queue}:${what}`
  }
}

function belongsTo(id: string, run: string | undefined): boolean {
  return run === undefined || id.startsWith(`${run}-`)
}

function subjectOf(data: string | null | undefined): string {
  const { reference, desc } = parseData(data ?? '')
  return sanitize(String(reference ?? desc?.digest ?? 'a job'), 500)
}

function parseData(text: string): { reference?: unknown; desc?: { digest?: unknown } | undefined } {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
