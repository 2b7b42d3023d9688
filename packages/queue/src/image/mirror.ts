import { DistError } from '@dist/errdefs'
import {
  type MirrorEvent,
  type Plan,
  type PublishOptions,
  planImage,
  publishPlan,
  type Target,
} from '@dist/mirror'
import { bareDescriptor, type Descriptor } from '@dist/oci'
import { formatReference, parseReference } from '@dist/reference'
import type { FailureStage } from '@dist/runs'
import type { Engine } from '../engine/engine.js'
import { blobKey } from '../jobs/ids.js'
import { type FetchJob, type ImageJob, maxAgain, version } from '../jobs/payload.js'
import { RecordedBlobs } from '../state/blobs.js'
import type { RunHead } from '../state/head.js'
import type { ImageKind, Observation } from './kind.js'
import { publishedRecord } from './outcome.js'
import type { MirrorRequests } from './request.js'
import { atStage } from './stages.js'
import type { WaitingImage } from './waiting.js'

/** What is known of the blobs of an image. */
interface Observed {
  readonly missing: readonly Descriptor[]
  /** Read when the image is finished, if it is not known yet. */
  readonly recorded?: RecordedBlobs | undefined
}

/** Mirrors images: plans which blobs the target lacks, and publishes the name when it has all. */
export class MirrorImage implements ImageKind {
  constructor(
    private readonly engine: Engine,
    private readonly requests: Pick<MirrorRequests, 'of'>,
  ) {}

  async observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation> {
    let stage: FailureStage = image.resolved === undefined ? 'resolving' : 'planning'
    const onEvent = (event: MirrorEvent) => {
      if (event.type === 'image' && event.state === 'resolved') stage = 'planning'
    }
    try {
      const { source, target, ...asked } = await this.requests.of(image, head, signal)
      const plan = await planImage(parseReference(image.reference), source, target, {
        ...asked,
        signal,
        onEvent,
      })
      return await this.#observed(image, plan, target, signal)
    } catch (error) {
      throw atStage(stage, error)
    }
  }

  async #observed(image: ImageJob, plan: Plan, target: Target, signal: AbortSignal): Promise<Observation> {
    const { to } = target
    const missing = to === undefined ? plan.missing : await this.#withoutSent(image, plan, target)
    const observation = this.#observation(image, plan, target, { missing, signal })
    // A registry is asked for less when its image is planned again: its manifests are cached.
    return to === undefined ? { ...observation, waiting: this.#waitingImage(plan, target) } : observation
  }

  #observation(
    image: ImageJob,
    plan: Plan,
    target: Target,
    { missing, recorded, ...publishing }: Observed & PublishOptions,
  ): Observation {
    const isDone = plan.upToDate && !plan.renewed
    const observation: Observation = {
      payload: nextPlan(image, plan, target),
      missing,
      upToDate: isDone,
      jobOf: (desc) => fetchJob(image, target, desc),
      finish: async () => {
        const remarks = new Set(plan.remarks)
        const options = { ...publishing, onRemark: (remark: string) => remarks.add(remark) }
        const lacked = isDone ? [] : await publish(image, plan, target, options)
        if (lacked.length > 0) return sendAgain(observation, lacked)
        const { fetched } = recorded ?? (await this.#recorded(image))
        return publishedRecord(image, { ...plan, remarks: [...remarks] }, fetched)
      },
    }
    return observation
  }

  /** Those of the settled blobs of a plan that were there within `Tuning.trusted`. */
  async #justStored(settled: readonly Descriptor[], plannedAt: number): Promise<readonly Descriptor[]> {
    const { states, tuning } = this.engine
    if (performance.now() - plannedAt < tuning.trusted) return settled
    const ages = await states.storedAges(settled)
    return settled.filter((_, i) => (ages[i] ?? tuning.trusted) < tuning.trusted)
  }

  /** A first attempt without blob jobs has recorded nothing. */
  async #recorded(image: ImageJob): Promise<RecordedBlobs> {
    const hadJobs = image.generation !== undefined || image.attempt > 1
    return hadJobs ? this.engine.states.blobs(image) : new RecordedBlobs({})
  }

  /** The plan of an image that waits for its blobs. The payload of its job counts the manifests that it has fetched. */
  #waitingImage(planned: Plan, target: Target): WaitingImage {
    const plan = { ...planned, objects: planned.objects.map(bareDescriptor), fetched: [], missing: [] }
    const plannedAt = performance.now()
    return {
      objects: plan.objects.length,
      wake: async (image, signal) => {
        const recorded = await this.engine.states.blobs(image)
        const settled = plan.objects.filter((desc) => recorded.isSettled(desc))
        const trusted = new Set(await this.#justStored(settled, plannedAt))
        const unknown = plan.objects.filter((desc) => !trusted.has(desc))
        const missing = await target.missing(unknown, { signal })
        for (const desc of trusted) target.onBlobStored(desc, plannedAt)
        if (missing.length > 0) return undefined
        return this.#observation(image, plan, target, { missing, recorded, signal, complete: true })
      },
    }
  }

  /**
   * The missing blobs of a registry, without those that jobs of this attempt have sent: a user who may push may still
   * not be allowed to ask for blobs. If the registry lacks one of them, it refuses the manifest.
   */
  async #withoutSent(image: ImageJob, plan: Plan, target: Target): Promise<readonly Descriptor[]> {
    if (plan.missing.length === 0) return []
    const recorded = await this.#recorded(image)
    for (const desc of plan.missing.filter((each) => recorded.isSettled(each))) target.onBlobStored(desc)
    return plan.missing.filter((desc) => !recorded.isSettled(desc))
  }
}

/** Publishes; resolves to the blobs that the registry lacks and that must be sent again first. */
async function publish(
  { again = [] }: ImageJob,
  plan: Plan,
  target: Target,
  options: PublishOptions,
): Promise<readonly Descriptor[]> {
  const sent = plan.objects.map(({ digest }) => digest).filter((digest) => again.includes(blobKey(digest)))
  let lacked: readonly Descriptor[] = []
  const bring = async (blobs: readonly Descriptor[]) => {
    // The payload is bounded.
    lacked = blobs.slice(0, maxAgain - again.length)
    if (lacked.length > 0) throw new BlobsLacking()
    const message = `${formatReference(plan.reference)}: the registry lacks more than ${maxAgain} blobs after they were sent`
    throw new DistError('UNAVAILABLE', message, { retryable: false })
  }
  try {
    await publishPlan(plan, target, { ...options, bring, again: sent })
    return []
  } catch (error) {
    if (error instanceof BlobsLacking) return lacked
    throw atStage('publishing', error)
  }
}

/** Ends a publication that goes on after the blobs have been sent again. */
class BlobsLacking extends Error {}

/** The observation with the blobs to send again, whatever the registry answers about them. */
function sendAgain(observation: Observation, lacked: readonly Descriptor[]): Observation {
  const again = [...(observation.payload.again ?? []), ...lacked.map(({ digest }) => blobKey(digest))]
  const jobOf = (desc: Descriptor) => ({ ...observation.jobOf(desc), again: true }) as FetchJob
  return { ...observation, payload: { ...observation.payload, again }, missing: lacked, jobOf }
}

/** The payload with which a job that is started again goes on. */
function nextPlan(image: ImageJob, plan: Plan, { to }: Target): ImageJob {
  const resolved = bareDescriptor(plan.desc)
  const next = { ...image, resolved, plans: (image.plans ?? 0) + 1 }
  // To a registry, each plan has all manifests.
  if (to !== undefined) return next
  const before = image.manifests ?? { objects: 0, bytes: 0 }
  const bytes = plan.fetched.reduce((sum, { size }) => sum + size, before.bytes)
  return { ...next, manifests: { objects: before.objects + plan.fetched.length, bytes } }
}

function fetchJob(
  { run, index, attempt, reference: image }: ImageJob,
  { to }: Target,
  desc: Descriptor,
): FetchJob {
  return {
    v: version,
    run,
    index,
    attempt,
    desc: bareDescriptor(desc),
    image,
    ...(to === undefined ? {} : { to: { host: to.host, repository: to.repository } }),
  }
}
