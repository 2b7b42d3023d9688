import type { Store } from '@dist/content'
import { type ImageUsage, measureUsage, type UsageEvent } from '@dist/mirror'
import type { StoreUsage } from '@dist/runs'
import type { Redis } from 'ioredis'
import type { Engine } from '../engine/engine.js'

/** Milliseconds between two records of how far it is, and for which one holds. */
const recordEvery = 1_000
const recordHolds = 15_000
/** Images whose sizes are kept, those that need most alone first, and how many are written together. */
const imagesAtMost = 100_000
const entriesAtMost = 1_000
const writtenTogether = 1_000

/** Measures the store and keeps what it takes, unless another coordinator measures it. */
export async function measureStore(
  engine: Pick<Engine, 'redis' | 'keys' | 'emit'>,
  store: Pick<Store, 'content' | 'names' | 'withheld' | 'ledgers'>,
  signal: AbortSignal,
): Promise<void> {
  const { redis, keys } = engine
  const progress = new Progress(engine)
  if (!(await progress.begin())) return
  try {
    const usage = await measureUsage(store, {
      signal,
      entries: true,
      onEvent: (event) => progress.tell(event),
    })
    const images = usage.images.flatMap(({ name, all, own }) =>
      name === undefined ? [] : [{ name, all, own }],
    )
    images.sort(byOwn)
    await writeImages(engine, images.slice(0, imagesAtMost))
    const { total, needed, shared, reclaimable, abandoned, unknown } = usage
    const unshared = { objects: 0, bytes: 0 }
    for (const { all } of usage.images) {
      unshared.objects += all.objects
      unshared.bytes += all.bytes
    }
    const report: StoreUsage = {
      measuredAt: new Date(),
      images: usage.images.length,
      ...{ total, needed, shared, unshared, reclaimable, abandoned },
      entries: usage.entries.toSorted(byOwn).slice(0, entriesAtMost),
      isComplete: unknown.length === 0,
    }
    await redis.set(keys.usage, JSON.stringify(report))
  } finally {
    await progress.end()
  }
}

/** Those that need most alone first. */
function byOwn(a: Pick<ImageUsage, 'own'>, b: Pick<ImageUsage, 'own'>): number {
  return b.own.bytes - a.own.bytes
}

class Progress {
  #timer: NodeJS.Timeout | undefined
  #last: UsageEvent = { type: 'reading', count: 0 }

  constructor(private readonly engine: Pick<Engine, 'redis' | 'keys' | 'emit'>) {}

  /** False: another coordinator is at it. */
  async begin(): Promise<boolean> {
    const { redis, keys } = this.engine
    const text = JSON.stringify(this.#last)
    if ((await redis.set(keys.measuring, text, 'PX', recordHolds, 'NX')) !== 'OK') return false
    this.#timer = setInterval(() => this.#record(), recordEvery)
    return true
  }

  tell(event: UsageEvent): void {
    this.#last = event
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    const { redis, keys } = this.engine
    await redis.del(keys.measuring)
  }

  #record(): void {
    const { redis, keys, emit } = this.engine
    redis
      .set(keys.measuring, JSON.stringify(this.#last), 'PX', recordHolds)
      .catch((error: unknown) => emit({ type: 'error', error }))
  }
}

/** Replaces the sizes of all images at once. */
async function writeImages(
  { redis, keys }: Pick<Engine, 'redis' | 'keys'>,
  images: readonly (ImageUsage & { readonly name: string })[],
): Promise<void> {
  const next = { sizes: `${keys.imageUsage}:next`, own: `${keys.ownUsage}:next` }
  await redis.unlink(next.sizes, next.own)
  for (let start = 0; start < images.length; start += writtenTogether)
    await writePart(redis, next, images.slice(start, start + writtenTogether))
  const transaction = redis.multi()
  if (images.length === 0) transaction.unlink(keys.imageUsage, keys.ownUsage)
  else transaction.rename(next.sizes, keys.imageUsage).rename(next.own, keys.ownUsage)
  await transaction.exec()
}

async function writePart(
  redis: Redis,
  next: { readonly sizes: string; readonly own: string },
  images: readonly (ImageUsage & { readonly name: string })[],
): Promise<void> {
  const sizes = images.flatMap(({ name, all, own }) => [name, JSON.stringify({ all, own })])
  const order = images.flatMap(({ name, own }) => [own.bytes, name])
  await redis
    .multi()
    .hset(next.sizes, ...sizes)
    .zadd(next.own, ...order)
    .exec()
}
