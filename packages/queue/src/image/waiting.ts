import { imageJobId } from '../jobs/ids.js'
import type { ImageJob } from '../jobs/payload.js'
import type { Observation } from './kind.js'

/** What is remembered of an image while its blob jobs run. */
export interface WaitingImage {
  /** The objects that it names: what it takes in memory. */
  readonly objects: number
  /** Observes the image, whose payload is this one by now. Undefined when it must be observed from its beginning. */
  wake(image: ImageJob, signal: AbortSignal): Promise<Observation | undefined>
}

/** The objects of all images that are remembered: about 400 bytes each. */
const maxObjects = 50_000

/**
 * The images that wait for their blob jobs, as this process has observed them. Only a cache: another coordinator may
 * wake an image, and a restarted one knows none. When there are too many, those that wait longest are dropped first.
 */
export class WaitingImages {
  readonly #images = new Map<string, WaitingImage>()
  #objects = 0

  constructor(private readonly limit = maxObjects) {}

  /** Remembers an image under the generation of its blob jobs. */
  keep(image: ImageJob, waiting: WaitingImage): void {
    this.#images.set(keyOf(image), waiting)
    this.#objects += waiting.objects
    for (const [key, { objects }] of this.#images) {
      if (this.#objects <= this.limit) return
      this.#images.delete(key)
      this.#objects -= objects
    }
  }

  /** What is remembered of an image, which is forgotten with that. */
  take(image: ImageJob): WaitingImage | undefined {
    const key = keyOf(image)
    const waiting = this.#images.get(key)
    if (waiting === undefined) return undefined
    this.#images.delete(key)
    this.#objects -= waiting.objects
    return waiting
  }
}

/** A generation is random, so the key is new for each plan. */
function keyOf(image: ImageJob): string {
  return `${imageJobId(image)} ${image.generation}`
}
