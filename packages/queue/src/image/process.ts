import type { PlatformRequest } from '@dist/images'
import { type Plan, planImage, publishImage, type Target } from '@dist/mirror'
import { bareDescriptor, parsePlatform } from '@dist/oci'
import { parseReference } from '@dist/reference'
import type { Job } from 'bullmq'
import type { Handler, JobContext, Verdict } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { linked } from '../engine/linked.js'
import { checkStore } from '../engine/storeid.js'
import { imageOfId } from '../jobs/ids.js'
import { type ImageJob, imageJob, parsePayload } from '../jobs/payload.js'
import { named } from '../redis/errors.js'
import type { CoordinatorParts } from '../service.js'
import { platformsOf } from '../state/head.js'
import { isEnded } from '../state/record.js'
import { addChildren, drainChildren, hasChildJobs } from './children.js'
import { failureOf, recordOfFailure } from './failures.js'
import { publishedRecord } from './outcome.js'

interface Planned {
  plan: Plan
  target: Target
}

/**
 * Takes an image from its reference to its published name: plans, has blob jobs bring what is missing, and when
 * they have ended looks at the target again. What the jobs say of themselves only explains a failure.
 */
export class ImageHandler implements Handler<ImageJob> {
  constructor(
    private readonly engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {}

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
    const platforms = platformsOf(head)
    const request = platforms === 'all' ? platforms : platforms.map(parsePlatform)
    using run = this.engine.cancellations.watch(image.run)
    using ended = linked(context.signal, run.signal)
    try {
      return await this.#mirror(job, image, request, context, ended.signal)
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

  async #mirror(
    job: Job<ImageJob>,
    image: ImageJob,
    platforms: PlatformRequest,
    context: JobContext,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const reference = parseReference(image.reference)
    const pause = (await this.parts.pausedFor?.(reference.host)) ?? 0
    if (pause > 0) return this.#later(image, pause)
    const { source } = this.parts
    const target = this.parts.target(reference)
    const resolved = image.resolved === undefined ? {} : { resolved: image.resolved }
    const plan = await planImage(reference, source, target, { platforms, signal, ...resolved })
    if (plan.missing.length === 0) return this.#publish(job, image, { plan, target }, context)
    const failure = await failureOf(job, image, plan)
    if (failure !== undefined) throw failure
    if (await this.engine.memory.isFull()) return this.#later(image, this.engine.tuning.fullPause)
    // Children of an earlier plan that a crash has cut short are waited for before there are new ones.
    if ((await hasChildJobs(job)) && (await job.moveToWaitingChildren(context.token))) return 'children'
    const planned = await addChildren(this.engine, job, nextPlan(image, plan), plan)
    if (await job.moveToWaitingChildren(context.token)) return 'children'
    // All of them have ended already.
    return this.#mirror(job, planned, platforms, context, signal)
  }

  async #publish(
    job: Job<ImageJob>,
    image: ImageJob,
    { plan, target }: Planned,
    { token }: JobContext,
  ): Promise<Verdict> {
    if (!plan.upToDate) await publishImage(plan, target)
    const fetched = await this.engine.states.fetchedBlobs(image)
    await this.engine.states.settleImage(image, publishedRecord(image, plan, fetched))
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

/** The payload from which a job that is started again goes on. */
function nextPlan(image: ImageJob, plan: Plan): ImageJob {
  const before = image.manifests ?? { objects: 0, bytes: 0 }
  const bytes = plan.fetched.reduce((sum, { size }) => sum + size, before.bytes)
  return {
    ...image,
    resolved: bareDescriptor(plan.desc),
    plans: (image.plans ?? 0) + 1,
    manifests: { objects: before.objects + plan.fetched.length, bytes },
  }
}
