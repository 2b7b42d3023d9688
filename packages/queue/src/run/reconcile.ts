import { DistError } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { recordOfFailure } from '../image/failures.js'
import { readReason } from '../jobs/failure.js'
import { imageJobId } from '../jobs/ids.js'
import { addImageJobs } from '../jobs/queues.js'
import { chunkSize, type RunHead } from '../state/head.js'
import type { ImagePlace } from '../state/states.js'
import { imageJobOf } from './expand.js'
import { takeTurns } from './turns.js'

const manyRuns = 10_000

/** Compares the images that are under way with the jobs that Redis has, and makes good what is not there. */
export class Reconciler {
  readonly #last = new Map<string, number>()

  constructor(private readonly engine: Engine) {}

  forget(run: string): void {
    this.#last.delete(run)
  }

  /** Does so when it is time for it. */
  async reconcile(run: string, head: RunHead, signal: AbortSignal): Promise<void> {
    const last = this.#last.get(run)
    const now = performance.now()
    // Runs that others have seen the end of.
    if (this.#last.size > manyRuns) this.#last.clear()
    if (last === undefined) this.#last.set(run, now)
    if (last === undefined || now - last < this.engine.tuning.reconcile) return
    this.#last.set(run, now)
    let cursor = '0'
    do {
      const [next, members] = await this.engine.redis.sscan(this.engine.keys.open(run), cursor, 'COUNT', 500)
      cursor = next
      const indexes = members.map(Number).filter((index) => index < head.total)
      await this.#check(run, head, indexes)
    } while (cursor !== '0' && !signal.aborted)
  }

  async #check(run: string, head: RunHead, indexes: readonly number[]): Promise<void> {
    const records = await this.engine.states.records(run, indexes)
    const places = indexes.map((index, i) => ({ run, index, attempt: records[i]?.attempt ?? 1 }))
    const lost: ImagePlace[] = []
    for (const [i, found] of (await this.#look(places)).entries()) {
      const place = places[i]
      if (place === undefined || found === 'there') continue
      if (found === 'lost') lost.push(place)
      else await this.engine.states.settleImage(place, recordOfFailure(found, undefined))
    }
    await this.#addAgain(run, head, lost)
  }

  /** Of each image: whether its job is there, lost, or has failed without anybody's having told the run. */
  async #look(places: readonly ImagePlace[]): Promise<('there' | 'lost' | DistError)[]> {
    const { redis, queues, tuning } = this.engine
    const pipeline = redis.pipeline()
    for (const place of places) {
      const id = imageJobId(place)
      pipeline.hmget(queues.images.toKey(id), 'timestamp', 'finishedOn', 'failedReason')
      pipeline.zscore(queues.images.toKey('waiting-children'), id)
    }
    const answers = ((await pipeline.exec()) ?? []).map(([error, value]) => {
      if (error) throw error
      return value
    })
    const waitedBefore = Date.now() - tuning.lostAfter
    return Promise.all(
      places.map(async (place, i) => {
        const [timestamp, finished, reason] = answers[2 * i] as (string | null)[]
        if (timestamp == null) return 'lost'
        if (finished != null) return failed(place, reason)
        const waitingSince = answers[2 * i + 1]
        if (waitingSince == null || Number(waitingSince) > waitedBefore) return 'there'
        return (await this.#hasLostChild(place)) && (await this.#dropped(place)) ? 'lost' : 'there'
      }),
    )
  }

  /** An image that waits for a blob job that is gone would wait for ever. */
  async #hasLostChild(place: ImagePlace): Promise<boolean> {
    const { redis, queues } = this.engine
    const children = await redis.smembers(`${queues.images.toKey(imageJobId(place))}:dependencies`)
    const pipeline = redis.pipeline()
    for (const child of children) pipeline.exists(child)
    const answers = (await pipeline.exec()) ?? []
    return answers.some(([, exists]) => exists === 0)
  }

  /** Removes the job, unless one of its blobs is being worked on: then it is left for the next time. */
  async #dropped(place: ImagePlace): Promise<boolean> {
    return (await this.engine.queues.images.remove(imageJobId(place), { removeChildren: true })) === 1
  }

  async #addAgain(run: string, head: RunHead, places: readonly ImagePlace[]): Promise<void> {
    const chunkOf = ({ index }: ImagePlace) => Math.floor(index / chunkSize)
    for (const chunk of new Set(places.map(chunkOf))) {
      const some = places.filter((place) => chunkOf(place) === chunk)
      const references = await this.engine.states.chunk(run, chunk)
      if (references === undefined || (await this.engine.memory.isFull())) return
      const jobs = some.map(({ index, attempt }) =>
        imageJobOf(run, index, attempt, references[index - chunk * chunkSize] ?? ''),
      )
      const turns = await takeTurns(this.engine, run, head, jobs)
      await addImageJobs(this.engine.queues, turns, this.engine.tuning)
    }
  }
}

function failed(place: ImagePlace, reason: string | null | undefined): DistError {
  const { code, message } = readReason(reason ?? `job ${imageJobId(place)} ended without an outcome`)
  return new DistError(code, message)
}
