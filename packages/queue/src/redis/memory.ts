import type { Redis } from 'ioredis'

/**
 * Tells when Redis has little memory left. Whoever adds jobs stops then: the rest is for those who work jobs off,
 * which takes memory too, before it gives more back.
 */
export class MemoryGauge {
  #asking: Promise<boolean> | undefined

  constructor(
    private readonly redis: Redis,
    private readonly share: number,
  ) {}

  /** Those who ask at the same time get the same answer. */
  isFull(): Promise<boolean> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<boolean> {
    const text = await this.redis.info('memory')
    const maximum = fieldOf(text, 'maxmemory')
    return maximum > 0 && fieldOf(text, 'used_memory') > maximum * this.share
  }
}

function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
