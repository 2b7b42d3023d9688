import { imageNamed } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { repairTask } from '@dist/mirror'
import type { Engine } from '../engine/engine.js'
import type { ImageJob } from '../jobs/payload.js'
import { upkeepOf } from '../run/upkeep.js'
import type { CoordinatorParts } from '../service.js'
import type { RunHead } from '../state/head.js'
import type { ImageKind, Observation } from './kind.js'
import { MirrorImage } from './mirror.js'
import type { MirrorRequest } from './request.js'

/** Repairs images: fetches what the store lacks of them, and publishes them again with the roots that they had. */
export class RepairImage implements ImageKind {
  readonly #mirror: MirrorImage

  constructor(
    engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {
    this.#mirror = new MirrorImage(engine, { of: (image) => this.#request(image) })
  }

  async observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation> {
    const { names, withheld } = upkeepOf(this.parts)
    const [isWaiting, published] = await Promise.all([
      withheld.get(image.reference),
      imageNamed(image.reference, names),
    ])
    // A mirror has published it again, or it was dropped.
    if (published !== undefined) await withheld.remove(image.reference)
    if (published !== undefined || isWaiting === undefined) return nothingToDo(image)
    return this.#ending(image, await this.#mirror.observe(image, head, signal))
  }

  async #request(image: ImageJob): Promise<MirrorRequest> {
    const waiting = await upkeepOf(this.parts).withheld.get(image.reference)
    // Between the observation and this moment it was dropped: it is tried again, and found so.
    if (waiting === undefined) throw new DistError('UNAVAILABLE', 'waits for no repair any more')
    const { reference, platforms, referrers } = repairTask(waiting)
    const { source } = this.parts
    const resolved = image.resolved ?? waiting.desc
    return { source, target: this.parts.target(reference), platforms, referrers, resolved }
  }

  /** The observation of an image that waits no more once it is published. */
  #ending(image: ImageJob, observation: Observation): Observation {
    const { finish, waiting } = observation
    return {
      ...observation,
      finish: async () => {
        const finished = await finish()
        if ('missing' in finished) return this.#ending(image, finished)
        await upkeepOf(this.parts).withheld.remove(image.reference)
        return finished
      },
      waiting: waiting && {
        ...waiting,
        wake: async (...args) => {
          const woken = await waiting.wake(...args)
          return woken && this.#ending(image, woken)
        },
      },
    }
  }
}

function nothingToDo(image: ImageJob): Observation {
  return {
    payload: { ...image, plans: (image.plans ?? 0) + 1 },
    missing: [],
    jobOf: () => {
      throw new DistError('INTERNAL', 'nothing is missing')
    },
    finish: async () => ({ state: 'done' }),
  }
}
