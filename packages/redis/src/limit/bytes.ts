import { sleep } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { defineScript } from '../script.js'
import type { Breaker } from './breaker.js'
import { now } from './pace.js'

/** A process draws the bytes of so many milliseconds at once, so that the number of commands does not depend on sizes. */
const batch = 125

/** Reserves bytes of a host, and replies after how many milliseconds they may be used. `perSecond`: of all processes. */
const reserveBytes = defineScript('reserveBytes', {
  keys: ['bytes'],
  args: ['bytes', 'perSecond'],
  lua: `${now}
local first = math.max(now - 100, tonumber(redis.call('GET', keys.bytes) or 0))
redis.call('SET', keys.bytes, string.format('%.3f', first + args.bytes * 1000 / args.perSecond), 'PX', 600000)
return math.ceil(math.max(0, first - now))`,
  reply: (value) => Number(value),
})

/** The bytes of a host that this process may receive, of those of all processes. */
export class SharedBytes {
  #left = 0
  #drawing: Promise<void> | undefined

  constructor(
    private readonly redis: Redis,
    private readonly breaker: Breaker,
    private readonly bytes: string,
    private readonly perSecond: number,
  ) {}

  /** Waits until the bytes are within the rate. While Redis is away nothing waits. */
  async take(bytes: number): Promise<void> {
    this.#left -= bytes
    while (this.#left < 0) {
      this.#drawing ??= this.#draw().finally(() => {
        this.#drawing = undefined
      })
      await this.#drawing
    }
  }

  async #draw(): Promise<void> {
    const { perSecond } = this
    const bytes = Math.ceil(Math.max((perSecond * batch) / 1000, -this.#left))
    const wait = this.breaker.mayAsk()
      ? await this.breaker.ask('reserving bytes of a host', () =>
          reserveBytes(this.redis, { bytes: this.bytes }, { bytes, perSecond }),
        )
      : undefined
    if (wait !== undefined && wait > 0) await sleep(wait)
    this.#left += bytes
  }
}
