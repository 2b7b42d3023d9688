import { DistError, linkSignals } from '@dist/errdefs'
import { parsePrefix } from '@dist/reference'
import type { FailureStage, RunKind } from '@dist/runs'
import type { Job } from 'bullmq'
import type { JobContext, JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { type HostSlot, HostSlots } from '../engine/host-slots.js'
import { HostTrouble, isAboutHost, type WaitingJob } from '../engine/host-trouble.js'
import { checkStore } from '../engine/store-id.js'
import { noteWait } from '../engine/waits.js'
import { parseImageJobId } from '../jobs/ids.js'
import { type ImageJob, imageJob, parsePayload, registryOf } from '../jobs/payload.js'
import { hostPause } from '../pauses.js'
import { toDistError } from '../redis/errors.js'
import type { CoordinatorParts } from '../service.js'
import { AnsweredHosts } from '../state/answered-hosts.js'
import { causesOf } from '../state/causes.js'
import type { RunHead } from '../state/head.js'
import { type ImageRecord, isEnded } from '../state/record.js'
import type { Settled } from '../state/scripts/index.js'
import { noteTry } from '../state/tries.js'
import { Activation } from './activation.js'
import { addChildren, drainChildren, hasChildJobs, hasFailedJobs } from './children.js'
import { BlobsFailed, failureOf, recordOfFailure, withBlobFailures } from './failures.js'
import type { ImageKind, Observation } from './kind.js'
import { MirrorImage } from './mirror.js'
import { RepairImage } from './repair.js'
import { MirrorRequests } from './request.js'
import { atStage } from './stages.js'
import { VerifyImage } from './verify.js'
import { WaitingImages } from './waiting.js'

/** What one turn of the loop has beside the image. */
interface Turn {
  readonly job: Job<ImageJob>
  readonly head: RunHead
  readonly slot: HostSlot
  readonly context: JobContext
}

/** Default of `CoordinatorParts.concurrency`. */
export const imagesPerHost = 16

/**
 * The reconcile loop of an image: observes which blobs are missing, adds blob jobs for them, and observes again when
 * they have ended, until none is missing and the image is published. The outcomes of the jobs only explain a failure.
 */
export class ImageHandler implements JobHandler<ImageJob> {
  readonly #kinds: ReadonlyMap<RunKind, ImageKind>
  readonly #slots: HostSlots
  readonly #trouble: HostTrouble
  readonly #answered: AnsweredHosts
  readonly #remembered = new WaitingImages()

  constructor(
    private readonly engine: Engine,
    parts: CoordinatorParts,
  ) {
    this.#slots = new HostSlots({ perHost: parts.concurrency ?? imagesPerHost, trials: true })
    this.#trouble = new HostTrouble(parts.hosts, parts.policy)
    this.#answered = new AnsweredHosts(engine.redis, engine.keys)
    this.#kinds = new Map<RunKind, ImageKind>([
      ['mirror', new MirrorImage(engine, new MirrorRequests(engine, parts))],
      ['repair', new RepairImage(engine, parts)],
      ['verify', new VerifyImage(engine, parts)],
    ])
  }

  async process(job: Job<ImageJob>, context: JobContext): Promise<JobOutcome> {
    const image = parsePayload(imageJob, job.data, job.id ?? '')
    const head = await this.#head(image)
    if (head === undefined) return 'done'
    if (head.state === 'canceled') return this.#cancel(job, image, context)
    using run = this.engine.cancellations.watch(image.run)
    using ended = linkSignals(context.signal, run.signal)
    try {
      await this.#trouble.check(this.#waiting(job, image))
      using slot = await this.#slots.enter(hostsOf(image, head), { ...context, signal: ended.signal })
      if (slot === undefined) return this.#delay(image, hostPause(job, this.engine.tuning))
      checkStore(image.run, head.store, this.engine.store)
      if (image.refused !== undefined) throw new DistError(image.refused.code, image.refused.message)
      const woken = await this.#remembered.take(image)?.wake(image, ended.signal)
      if (woken !== undefined) slot.answered()
      const turn = { job, head, slot, context: { ...context, signal: ended.signal } }
      if (woken !== undefined) return await this.#work(image, turn, woken)
      using activation = new Activation(() => this.#activate(image))
      return await this.#first(image, turn, activation)
    } catch (error) {
      if (context.signal.aborted) throw error
      if (run.signal.aborted) return await this.#cancel(job, image, context)
      const pause = await this.#trouble.pauseFor(error, this.#waiting(job, image))
      if (pause === undefined) throw error
      const later = pause + hostPause(job, this.engine.tuning)
      await Promise.all([noteWait(this.engine, job, error, later), noteTry(this.engine, image, error)])
      return this.#delay(image, later, error)
    }
  }

  async failed(job: Job<ImageJob>, error: unknown): Promise<void> {
    const parsed = imageJob.safeParse(job.data)
    const attempt = parsed.success ? parsed.data : parseImageJobId(job.id ?? '')
    if (attempt === undefined) return
    if (parsed.success) this.#emit(parsed.data, 'failed', error)
    const record = recordOfFailure(error, parsed.data?.resolved)
    const host = parsed.success ? await this.#hostOf(parsed.data, record.stage) : undefined
    const failed = { ...record, reference: parsed.data?.reference ?? `job ${job.id}` }
    await this.engine.states.settleImage(attempt, record, causesOf(failed, error, host))
    // Its blobs have their own tries.
    if (!(error instanceof BlobsFailed)) await noteTry(this.engine, attempt, error)
  }

  retrying(job: Job<ImageJob>, error: unknown): void {
    const { data } = imageJob.safeParse(job.data)
    if (data === undefined) return
    this.#emit(data, 'retrying', error)
    void noteTry(this.engine, data, error)
    void noteWait(this.engine, job, error)
  }

  /** Read anew for an image whose blobs have come: it is published at once, and no cancellation would abort it before. */
  #head({ run, generation }: ImageJob): Promise<RunHead | undefined> {
    return generation === undefined ? this.engine.heads.head(run) : this.engine.states.head(run)
  }

  /** The host that an image has failed at, for an error that names none. */
  async #hostOf(image: ImageJob, stage: FailureStage | undefined): Promise<string | undefined> {
    const head = await this.engine.heads.head(image.run)
    if (head === undefined) return undefined
    const isAtTarget = head.kind === 'verify' || stage === 'publishing' || stage === 'naming'
    return isAtTarget ? (targetOf(image, head) ?? 'store') : registryOf(image.reference)
  }

  /** Resolves to `canceled` when the run is. */
  async #activate(image: ImageJob): Promise<Settled> {
    const state = await this.engine.states.settleImage(image, { state: 'active' })
    if (state === 'active') this.#emit(image, 'started')
    return state
  }

  /** Observes an image from its beginning, and makes it active if there is something to do for it. */
  async #first(image: ImageJob, turn: Turn, activation: Activation): Promise<JobOutcome> {
    const { job, context } = turn
    const ended = async (): Promise<JobOutcome | undefined> => {
      const state = await activation.now()
      if (state === 'active') return undefined
      if (state === 'canceled') return this.#cancel(job, image, context)
      // The job was delivered twice, or a retry has replaced this attempt.
      return drainChildren(this.engine, job, context.token)
    }
    const isAgain = job.attemptsStarted > 1
    const before = isAgain ? await ended() : undefined
    if (before !== undefined) return before
    const observation = await this.#observe(image, turn)
    const after = isAgain || observation.upToDate ? undefined : await ended()
    return after ?? this.#settle(image, observation, turn)
  }

  /** `woken`: what is observed of an image whose blob jobs have ended, so far as it is known. */
  async #work(image: ImageJob, turn: Turn, woken?: Observation): Promise<JobOutcome> {
    if (woken !== undefined) return this.#settle(image, woken, turn, true)
    return this.#settle(image, await this.#observe(image, turn), turn)
  }

  /** `woken`: none of its blob jobs is left, unless one has failed. */
  async #settle(image: ImageJob, observation: Observation, turn: Turn, woken = false): Promise<JobOutcome> {
    if (observation.missing.length > 0) return this.#fetchMissing(image, observation, turn)
    const finished = await observation.finish().catch(async (error: unknown) => {
      throw await withBlobFailures(turn.job, image, error)
    })
    // The registry refused the image: it lacks blobs that were sent.
    if ('missing' in finished) return this.#fetchMissing(image, finished, turn)
    return this.#end(image, finished, turn, woken)
  }

  async #fetchMissing(image: ImageJob, observation: Observation, turn: Turn): Promise<JobOutcome> {
    const { job, head, context } = turn
    const failure = await failureOf(job, image, observation.missing)
    if (failure !== undefined) throw head.kind === 'verify' ? failure : atStage('transferring', failure)
    if (await this.engine.memory.isFull()) return this.#delay(image, this.engine.tuning.fullPause)
    // After a crash: the children that were added before it end before others are added.
    if ((await hasChildJobs(job)) && (await job.moveToWaitingChildren(context.token))) return 'children'
    const planned = await addChildren(this.engine, job, observation)
    if (planned === undefined) return drainChildren(this.engine, job, context.token)
    if (await job.moveToWaitingChildren(context.token)) {
      if (observation.waiting !== undefined) this.#remembered.keep(planned, observation.waiting)
      return 'children'
    }
    // All of them have ended already.
    return this.#work(planned, turn, await observation.waiting?.wake(planned, context.signal))
  }

  async #observe(image: ImageJob, { head, slot, context }: Turn): Promise<Observation> {
    try {
      const observation = await this.#kindOf(image, head).observe(image, head, context.signal)
      slot.answered()
      if (head.kind !== 'verify' && image.resolved === undefined)
        await this.#answered.record(image.run, registryOf(image.reference))
      return observation
    } catch (error) {
      if (isAboutHost(error)) slot.lost()
      throw error
    }
  }

  async #end(
    image: ImageJob,
    record: Omit<ImageRecord, 'attempt'>,
    { job, context }: Turn,
    woken: boolean,
  ): Promise<JobOutcome> {
    const [, mayHaveJobs] = await Promise.all([
      this.engine.states.settleImage(image, record),
      woken ? hasFailedJobs(this.engine, job) : true,
    ])
    this.#emit(image, 'done')
    return mayHaveJobs ? drainChildren(this.engine, job, context.token) : 'done'
  }

  async #cancel(job: Job<ImageJob>, image: ImageJob, { token }: JobContext): Promise<JobOutcome> {
    const settled = await this.engine.states.settleImage(image, { state: 'canceled' })
    if (isEnded(settled as 'canceled')) this.#emit(image, 'canceled')
    return drainChildren(this.engine, job, token)
  }

  #kindOf(image: ImageJob, { kind }: RunHead): ImageKind {
    const found = this.#kinds.get(kind)
    if (found !== undefined) return found
    throw new DistError('INTERNAL', `run ${image.run}: of a kind without images (${kind})`)
  }

  #waiting({ timestamp, attemptsStarted }: Job<ImageJob>, { run, reference }: ImageJob): WaitingJob {
    const registry = registryOf(reference)
    const hasWaited = attemptsStarted > 1
    return { registry, since: timestamp, hasWaited, answered: () => this.#answered.has(run, registry) }
  }

  #delay(image: ImageJob, later: number, error?: unknown): JobOutcome {
    this.#emit(image, 'delayed', error)
    return { later: later + Math.random() * 100 }
  }

  #emit(
    image: ImageJob,
    state: 'started' | 'done' | 'delayed' | 'retrying' | 'failed' | 'canceled',
    error?: unknown,
  ): void {
    const event = { type: 'image', run: image.run, state, subject: image.reference } as const
    this.engine.emit(error === undefined ? event : { ...event, error: toDistError(error) })
  }
}

/** The registry that gets an image. Undefined: the store gets it. */
function targetOf({ destination }: ImageJob, { to }: RunHead): string | undefined {
  return destination === undefined ? to && parsePrefix(to).host : registryOf(destination)
}

/**
 * The hosts whose slots an image needs: that of its source and that of its destination. A resolved image has its
 * manifests in the store and is published there without its source.
 */
function hostsOf(image: ImageJob, head: RunHead): string {
  const { reference, refused, resolved } = image
  const { kind } = head
  const target = targetOf(image, head)
  // What is refused asks no host.
  if (kind === 'verify' || refused !== undefined || (resolved !== undefined && target === undefined))
    return 'store'
  const source = registryOf(reference)
  return target === undefined ? source : `${source} to ${target}`
}
