import type { Redis } from 'ioredis'

/** For so long an answer of Redis is believed, in milliseconds. */
const believed = 500

/**
 * Tells when Redis has little memory left. Whoever adds jobs stops then: the rest is for those who work jobs off,
 * which takes memory too, before it gives more back.
 */
export class MemoryGauge {
  #asked = Number.NEGATIVE_INFINITY
  #full: Promise<boolean> = Promise.resolve(false)

  constructor(
    private readonly redis: Redis,
    private readonly share: number,
  ) {}

  isFull(): Promise<boolean> {
    const now = performance.now()
    if (now - this.#asked < believed) return this.#full
    this.#asked = now
    this.#full = this.redis.info('memory').then((text) => {
      const maximum = fieldOf(text, 'maxmemory')
      return maximum > 0 && fieldOf(text, 'used_memory') > maximum * this.share
    })
    return this.#full
  }
}

function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
