import type { Job } from 'bullmq'
import type { Handler, JobContext, Verdict } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { linked } from '../engine/linked.js'
import { checkStore } from '../engine/storeid.js'
import { imageOfId } from '../jobs/ids.js'
import { type ImageJob, imageJob, parsePayload } from '../jobs/payload.js'
import { named } from '../redis/errors.js'
import type { RunKind } from '../runs.js'
import type { CoordinatorParts } from '../service.js'
import type { RunHead } from '../state/head.js'
import { isEnded } from '../state/record.js'
import { addChildren, drainChildren, hasChildJobs } from './children.js'
import { failureOf, recordOfFailure } from './failures.js'
import { MirrorWork } from './mirror.js'
import { VerifyWork } from './verify.js'
import type { Look, Work } from './work.js'

/**
 * Sees to an image: looks what is open, has blob jobs see to that, and when they have ended looks again. What the jobs
 * say of themselves only explains a failure.
 */
export class ImageHandler implements Handler<ImageJob> {
  readonly #kinds: Readonly<Record<RunKind, Work>>

  constructor(
    private readonly engine: Engine,
    parts: CoordinatorParts,
  ) {
    this.#kinds = { mirror: new MirrorWork(engine, parts), verify: new VerifyWork(engine, parts) }
  }

  async process(job: Job<ImageJob>, context: JobContext): Promise<Verdict> {
    const image = parsePayload(imageJob, job.data, job.id ?? '')
    const head = await this.engine.states.head(image.run)
    if (head === undefined) return 'done'
    if (head.state === 'canceled') return this.#cancel(job, image, context)
    const settled = await this.engine.states.settleImage(image, { state: 'active' })
    // Another delivery of this job was first, or a retry has taken over.
    if (settled !== 'active') return drainChildren(job, context.token)
    this.#tell(image, 'started')
    checkStore(image.run, head.store, this.engine.store)
    using run = this.engine.cancellations.watch(image.run)
    using ended = linked(context.signal, run.signal)
    try {
      return await this.#work(job, image, head, context, ended.signal)
    } catch (error) {
      if (!run.signal.aborted || context.signal.aborted) throw error
      return await this.#cancel(job, image, context)
    }
  }

  async failed(job: Job<ImageJob>, error: unknown): Promise<void> {
    const parsed = imageJob.safeParse(job.data)
    const place = parsed.success ? parsed.data : imageOfId(job.id ?? '')
    if (place === undefined) return
    if (parsed.success) this.#tell(parsed.data, 'failed', error)
    await this.engine.states.settleImage(place, recordOfFailure(error, parsed.data?.resolved))
  }

  retrying(job: Job<ImageJob>, error: unknown): void {
    const { data } = imageJob.safeParse(job.data)
    if (data !== undefined) this.#tell(data, 'retrying', error)
  }

  async #work(
    job: Job<ImageJob>,
    image: ImageJob,
    head: RunHead,
    context: JobContext,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const look = await this.#kinds[head.kind].look(image, head, signal)
    if ('later' in look) return this.#later(image, look.later)
    if (look.open.length === 0) return this.#finish(job, image, look, context)
    const failure = await failureOf(job, image, look.open)
    if (failure !== undefined) throw failure
    if (await this.engine.memory.isFull()) return this.#later(image, this.engine.tuning.fullPause)
    // Children of an earlier look that a crash has cut short are waited for before there are new ones.
    if ((await hasChildJobs(job)) && (await job.moveToWaitingChildren(context.token))) return 'children'
    const planned = await addChildren(this.engine, job, look)
    if (await job.moveToWaitingChildren(context.token)) return 'children'
    // All of them have ended already.
    return this.#work(job, planned, head, context, signal)
  }

  async #finish(job: Job<ImageJob>, image: ImageJob, look: Look, { token }: JobContext): Promise<Verdict> {
    await this.engine.states.settleImage(image, await look.finish())
    this.#tell(image, 'done')
    return drainChildren(job, token)
  }

  async #cancel(job: Job<ImageJob>, image: ImageJob, { token }: JobContext): Promise<Verdict> {
    const settled = await this.engine.states.settleImage(image, { state: 'canceled' })
    if (isEnded(settled as 'canceled')) this.#tell(image, 'canceled')
    return drainChildren(job, token)
  }

  #later(image: ImageJob, later: number): Verdict {
    this.#tell(image, 'delayed')
    return { later: later + Math.random() * 100 }
  }

  #tell(
    image: ImageJob,
    state: 'started' | 'done' | 'delayed' | 'retrying' | 'failed' | 'canceled',
    error?: unknown,
  ): void {
    const event = { type: 'image', run: image.run, state, subject: image.reference } as const
    this.engine.emit(error === undefined ? event : { ...event, error: named(error) })
  }
}
