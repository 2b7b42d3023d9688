import { jitter } from '@dist/errdefs'
import { nextDue, type Timing } from '@dist/schedule'
import type { Engine } from '../engine/engine.js'
import { newRunId } from '../jobs/ids.js'
import { addQuestionJob } from '../jobs/queues.js'
import { usageSchema } from './schema.js'

/** Milliseconds for which the wish to have the store measured is kept. */
export const measureKept = 3_600_000
/** Milliseconds after which a measurement that has failed is asked for again. */
const askedAgainAfter = 3_600_000

/** Has the store measured when that is due by the settings. Whichever coordinator is free measures it. */
export class MeasureKeeper {
  readonly #startedAt = Date.now()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly engine: Pick<Engine, 'redis' | 'keys' | 'queues' | 'tuning' | 'emit'>,
    private readonly timing: Timing | undefined,
  ) {}

  begin(): void {
    const { timing } = this
    if (timing === undefined || this.#stopped) return
    this.#timer = setTimeout(() => void this.#keep(timing), jitter(this.engine.tuning.sweep / 2))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #keep(timing: Timing): Promise<void> {
    try {
      if (await this.#isDue(timing)) await this.#ask(timing)
    } catch (error) {
      if (!this.#stopped) this.engine.emit({ type: 'error', error })
    }
    this.begin()
  }

  async #isDue(timing: Timing): Promise<boolean> {
    const { redis, keys } = this.engine
    const [usage, measuring] = await redis.mget(keys.usage, keys.measuring)
    if (measuring != null) return false
    const last = usage == null ? undefined : usageSchema.parse(JSON.parse(usage)).measuredAt.getTime()
    if (last === undefined && 'every' in timing) return true
    const since = last ?? this.#startedAt
    const due = nextDue(timing, since, since)
    return due !== undefined && due <= Date.now()
  }

  async #ask(timing: Timing): Promise<void> {
    const { redis, keys, queues } = this.engine
    const now = Date.now()
    const nextTime = (nextDue(timing, now, now) ?? Number.POSITIVE_INFINITY) - now
    const isMine = await redis.set(keys.measureAsked, '', 'PX', Math.min(askedAgainAfter, nextTime), 'NX')
    if (isMine !== 'OK') return
    const id = newRunId()
    await redis.set(keys.question(id), JSON.stringify({ kind: 'measure' }), 'PX', measureKept)
    await addQuestionJob(queues, id)
  }
}
