import { DistError } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { recordOfFailure } from '../image/failures.js'
import { readReason } from '../jobs/failure.js'
import { imageJobId } from '../jobs/ids.js'
import { registryOf } from '../jobs/payload.js'
import { addImageJobs } from '../jobs/queues.js'
import { causesOf } from '../state/causes.js'
import { chunkSize, type RunHead } from '../state/head.js'
import type { ImageAttempt } from '../state/states.js'
import { imageJobOf, readItem } from './items.js'
import { takeTurns } from './turns.js'

/** Runs whose last reconciliation is remembered. */
const maxRemembered = 10_000

/** Compares the open images of a run with the jobs in Redis, and adds those that are lost. */
export class Reconciler {
  /** By run, when it was last reconciled, by the monotonic clock. */
  readonly #reconciledAt = new Map<string, number>()

  constructor(private readonly engine: Engine) {}

  forget(run: string): void {
    this.#reconciledAt.delete(run)
  }

  /** Reconciles a run when it is due, by `Tuning.reconcile`. */
  async reconcile(run: string, head: RunHead, signal: AbortSignal): Promise<void> {
    const last = this.#reconciledAt.get(run)
    const now = performance.now()
    // The end of a run that another coordinator ended is not noticed here.
    if (this.#reconciledAt.size > maxRemembered) this.#reconciledAt.clear()
    if (last === undefined) this.#reconciledAt.set(run, now)
    if (last === undefined || now - last < this.engine.tuning.reconcile) return
    this.#reconciledAt.set(run, now)
    let cursor = '0'
    do {
      const [next, members] = await this.engine.redis.sscan(this.engine.keys.open(run), cursor, 'COUNT', 500)
      cursor = next
      const indexes = members.map(Number).filter((index) => index < head.total)
      await this.#reconcileImages(run, head, indexes)
    } while (cursor !== '0' && !signal.aborted)
  }

  async #reconcileImages(run: string, head: RunHead, indexes: readonly number[]): Promise<void> {
    const records = await this.engine.states.records(run, indexes)
    const images = indexes.map((index, i) => ({ run, index, attempt: records[i]?.attempt ?? 1 }))
    const lost: ImageAttempt[] = []
    for (const [i, found] of (await this.#checkJobs(images)).entries()) {
      const image = images[i]
      if (image === undefined || found === 'present') continue
      if (found === 'lost') lost.push(image)
      else await this.#settleFailed(image, head, found)
    }
    await this.#addAgain(run, head, lost)
  }

  async #settleFailed(image: ImageAttempt, head: RunHead, error: DistError): Promise<void> {
    const { states } = this.engine
    const references = await states.chunk(image.run, Math.floor(image.index / chunkSize))
    const text = references?.[image.index % chunkSize]
    const reference = text === undefined ? '' : readItem(text, head).reference
    const record = recordOfFailure(error, undefined)
    await states.settleImage(image, record, causesOf({ ...record, reference }, error, registryOf(reference)))
  }

  /** For each image: its job is present, it is lost, or the error with which it ended without settling the image. */
  async #checkJobs(images: readonly ImageAttempt[]): Promise<('present' | 'lost' | DistError)[]> {
    const { redis, queues, tuning } = this.engine
    const pipeline = redis.pipeline()
    for (const image of images) {
      const id = imageJobId(image)
      pipeline.hmget(queues.images.toKey(id), 'timestamp', 'finishedOn', 'failedReason')
      pipeline.zscore(queues.images.toKey('waiting-children'), id)
    }
    const answers = ((await pipeline.exec()) ?? []).map(([error, value]) => {
      if (error) throw error
      return value
    })
    const waitedBefore = Date.now() - tuning.lostAfter
    return Promise.all(
      images.map(async (image, i) => {
        const [timestamp, finished, reason] = answers[2 * i] as (string | null)[]
        if (timestamp == null) return 'lost'
        if (finished != null) return failureOf(image, reason)
        const waitingSince = answers[2 * i + 1]
        if (waitingSince == null || Number(waitingSince) > waitedBefore) return 'present'
        return (await this.#hasLostChild(image)) && (await this.#removeJob(image)) ? 'lost' : 'present'
      }),
    )
  }

  /** An image that waits for a lost blob job would never wake up. */
  async #hasLostChild(image: ImageAttempt): Promise<boolean> {
    const { redis, queues } = this.engine
    const key = `${queues.images.toKey(imageJobId(image))}:dependencies`
    const children = await redis.smembers(key)
    const pipeline = redis.pipeline()
    for (const child of children) pipeline.exists(child)
    const answers = (await pipeline.exec()) ?? []
    const gone = children.filter((_, i) => answers[i]?.[1] === 0)
    // A child that has ended meanwhile is removed from the set.
    return gone.length > 0 && (await redis.smismember(key, ...gone)).includes(1)
  }

  /** False when one of its blob jobs is under way: then the image is left until the next time. */
  async #removeJob(image: ImageAttempt): Promise<boolean> {
    return (await this.engine.queues.images.remove(imageJobId(image), { removeChildren: true })) === 1
  }

  async #addAgain(run: string, head: RunHead, images: readonly ImageAttempt[]): Promise<void> {
    const chunkOf = ({ index }: ImageAttempt) => Math.floor(index / chunkSize)
    for (const chunk of new Set(images.map(chunkOf))) {
      const inChunk = images.filter((image) => chunkOf(image) === chunk)
      const references = await this.engine.states.chunk(run, chunk)
      if (references === undefined || (await this.engine.memory.isFull())) return
      const jobs = inChunk.map(({ index, attempt }) =>
        imageJobOf({ run, index, attempt }, references[index - chunk * chunkSize], head),
      )
      const turns = await takeTurns(this.engine, run, head, jobs)
      await addImageJobs(this.engine.queues, turns)
    }
  }
}

function failureOf(image: ImageAttempt, reason: string | null | undefined): DistError {
  const { code, message } = readReason(reason ?? `job ${imageJobId(image)} ended without an outcome`)
  return new DistError(code, message)
}
