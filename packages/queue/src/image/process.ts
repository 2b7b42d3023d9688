import { parsePrefix } from '@dist/reference'
import type { RunKind } from '@dist/runs'
import type { Job } from 'bullmq'
import type { Handler, JobContext, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { type HostSlot, HostSlots } from '../engine/host-slots.js'
import { HostTrouble, isAboutHost, type Waiting } from '../engine/host-trouble.js'
import { linked } from '../engine/linked.js'
import { checkStore } from '../engine/storeid.js'
import { hostOf } from '../jobs/host.js'
import { imageOfId } from '../jobs/ids.js'
import { type ImageJob, imageJob, parsePayload } from '../jobs/payload.js'
import { putOff } from '../pauses.js'
import { toDistError } from '../redis/errors.js'
import type { CoordinatorParts } from '../service.js'
import { AnsweredHosts } from '../state/answered.js'
import type { RunHead } from '../state/head.js'
import { type ImageRecord, isEnded } from '../state/record.js'
import { addChildren, drainChildren, hasChildJobs } from './children.js'
import { failureOf, recordOfFailure, withBlobs } from './failures.js'
import { MirrorWork } from './mirror.js'
import { VerifyWork } from './verify.js'
import type { Observation, Work } from './work.js'

/** Images of one host that are planned at the same time, unless the coordinator is told otherwise. */
export const imagesOfHost = 16

/**
 * Sees to an image: looks what is open, has blob jobs see to that, and when they have ended looks again. What the jobs
 * say of themselves only explains a failure.
 */
export class ImageHandler implements Handler<ImageJob> {
  readonly #kinds: Readonly<Record<RunKind, Work>>
  readonly #slots: HostSlots
  readonly #trouble: HostTrouble
  readonly #answered: AnsweredHosts

  constructor(
    private readonly engine: Engine,
    parts: CoordinatorParts,
  ) {
    this.#slots = new HostSlots({ perHost: parts.concurrency ?? imagesOfHost, trials: true })
    this.#trouble = new HostTrouble(parts.hosts, parts.policy)
    this.#answered = new AnsweredHosts(engine.redis, engine.keys)
    this.#kinds = { mirror: new MirrorWork(engine, parts), verify: new VerifyWork(engine, parts) }
  }

  async process(job: Job<ImageJob>, context: JobContext): Promise<JobOutcome> {
    const image = parsePayload(imageJob, job.data, job.id ?? '')
    const head = await this.engine.states.head(image.run)
    if (head === undefined) return 'done'
    if (head.state === 'canceled') return this.#cancel(job, image, context)
    using run = this.engine.cancellations.watch(image.run)
    using ended = linked(context.signal, run.signal)
    try {
      await this.#trouble.check(this.#waiting(job, image))
      using slot = await this.#slots.enter(hostsOf(image, head), { ...context, signal: ended.signal })
      if (slot === undefined) return this.#later(image, putOff(job, this.engine.tuning))
      const settled = await this.engine.states.settleImage(image, { state: 'active' })
      // Another delivery of this job was first, or a retry has taken over.
      if (settled !== 'active') return await drainChildren(this.engine, job, context.token)
      this.#tell(image, 'started')
      checkStore(image.run, head.store, this.engine.store)
      return await this.#work(job, image, head, slot, { ...context, signal: ended.signal })
    } catch (error) {
      if (context.signal.aborted) throw error
      if (run.signal.aborted) return await this.#cancel(job, image, context)
      const pause = await this.#trouble.pauseFor(error, this.#waiting(job, image))
      if (pause === undefined) throw error
      return this.#later(image, pause + putOff(job, this.engine.tuning), error)
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
    slot: HostSlot,
    context: JobContext,
  ): Promise<JobOutcome> {
    const look = await this.#look(image, head, slot, context.signal)
    if (look.missing.length > 0) return this.#wait(job, image, look, head, slot, context)
    const ended = await look.finish().catch(async (error: unknown) => {
      throw await withBlobs(job, image, error)
    })
    // What is published lacks something all the same.
    if ('missing' in ended) return this.#wait(job, image, ended, head, slot, context)
    return this.#end(job, image, ended, context)
  }

  async #wait(
    job: Job<ImageJob>,
    image: ImageJob,
    look: Observation,
    head: RunHead,
    slot: HostSlot,
    context: JobContext,
  ): Promise<JobOutcome> {
    const failure = await failureOf(job, image, look.missing)
    if (failure !== undefined) throw failure
    if (await this.engine.memory.isFull()) return this.#later(image, this.engine.tuning.fullPause)
    // Children of an earlier look that a crash has cut short are waited for before there are new ones.
    if ((await hasChildJobs(job)) && (await job.moveToWaitingChildren(context.token))) return 'children'
    const planned = await addChildren(this.engine, job, look)
    if (await job.moveToWaitingChildren(context.token)) return 'children'
    // All of them have ended already.
    return this.#work(job, planned, head, slot, context)
  }

  async #look(image: ImageJob, head: RunHead, slot: HostSlot, signal: AbortSignal): Promise<Observation> {
    try {
      const look = await this.#kinds[head.kind].observe(image, head, signal)
      slot.answered()
      if (head.kind === 'mirror' && image.resolved === undefined)
        await this.#answered.record(image.run, hostOf(image.reference))
      return look
    } catch (error) {
      if (isAboutHost(error)) slot.lost()
      throw error
    }
  }

  async #end(
    job: Job<ImageJob>,
    image: ImageJob,
    record: Omit<ImageRecord, 'attempt'>,
    { token }: JobContext,
  ): Promise<JobOutcome> {
    await this.engine.states.settleImage(image, record)
    this.#tell(image, 'done')
    return drainChildren(this.engine, job, token)
  }

  async #cancel(job: Job<ImageJob>, image: ImageJob, { token }: JobContext): Promise<JobOutcome> {
    const settled = await this.engine.states.settleImage(image, { state: 'canceled' })
    if (isEnded(settled as 'canceled')) this.#tell(image, 'canceled')
    return drainChildren(this.engine, job, token)
  }

  #waiting({ timestamp }: Job<ImageJob>, { run, reference }: ImageJob): Waiting {
    const registry = hostOf(reference)
    return { registry, since: timestamp, answered: () => this.#answered.has(run, registry) }
  }

  #later(image: ImageJob, later: number, error?: unknown): JobOutcome {
    this.#tell(image, 'delayed', error)
    return { later: later + Math.random() * 100 }
  }

  #tell(
    image: ImageJob,
    state: 'started' | 'done' | 'delayed' | 'retrying' | 'failed' | 'canceled',
    error?: unknown,
  ): void {
    const event = { type: 'image', run: image.run, state, subject: image.reference } as const
    this.engine.emit(error === undefined ? event : { ...event, error: toDistError(error) })
  }
}

/**
 * Whom an image waits for: the host that it comes from, and the one that it goes to. What was resolved has its manifests
 * in the store, and needs no host to be published there.
 */
function hostsOf({ reference, resolved }: ImageJob, { kind, to }: RunHead): string {
  if (kind === 'verify' || (resolved !== undefined && to === undefined)) return 'store'
  const source = hostOf(reference)
  return to === undefined ? source : `${source} to ${parsePrefix(to).host}`
}
