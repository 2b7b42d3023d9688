import type { Redis } from 'ioredis'

/**
 * Measures whether Redis has little memory left. Nothing is added then: the rest is for the jobs under way, which need
 * memory before they free any.
 */
export class MemoryGauge {
  #asking: Promise<boolean> | undefined

  constructor(
    private readonly redis: Redis,
    /** The share of `maxmemory` from which on Redis counts as full. */
    private readonly share: number,
  ) {}

  /** Calls at the same time share one answer. */
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
