import { DistError } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import {
  narrowed,
  type Plan,
  planImage,
  publishPlan,
  type Source,
  type Target,
  type TargetOptions,
} from '@dist/mirror'
import { bareDescriptor, type Descriptor, parsePlatform } from '@dist/oci'
import { formatReference, type Locator, parsePrefix, parseReference, type Reference } from '@dist/reference'
import type { Engine } from '../engine/engine.js'
import { blobKey } from '../jobs/ids.js'
import { type FetchJob, type ImageJob, maxAgain } from '../jobs/payload.js'
import type { CoordinatorParts } from '../service.js'
import { platformsOf, type RunHead } from '../state/head.js'
import { rememberingSource } from './manifests.js'
import { publishedRecord } from './outcome.js'
import type { Observation, Work } from './work.js'

/** Bytes of manifests that are kept for images which are looked at again. */
const manifestMemory = 32 * 1024 * 1024

/** Takes an image from its reference to its published name. */
export class MirrorWork implements Work {
  readonly #remembering

  constructor(
    private readonly engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {
    this.#remembering = rememberingSource(parts.source, manifestMemory)
  }

  async observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation> {
    const reference = parseReference(image.reference)
    const to = head.to === undefined ? undefined : parsePrefix(head.to)
    const { source, platforms, object } = this.#asked(reference, to, head)
    const target = this.parts.target(object, to)
    const plan = await planImage(reference, source, target, {
      platforms,
      referrers: to !== undefined,
      signal,
      resolved: image.resolved,
    })
    const look: Observation = {
      payload: nextPlan(image, plan, target),
      missing: to === undefined ? plan.missing : await this.#unsent(image, plan, target),
      jobOf: (desc) => fetchJob(image, plan, target, desc),
      finish: async () => {
        const remarks = new Set(plan.remarks)
        const options = { signal, onRemark: (remark: string) => remarks.add(remark) }
        const lacked = plan.upToDate ? [] : await publish(image, plan, target, options)
        if (lacked.length > 0) return sentAgain(look, lacked)
        const fetched = await this.engine.states.fetchedBlobs(image)
        return publishedRecord(image, { ...plan, remarks: [...remarks] }, fetched)
      },
    }
    return look
  }

  /**
   * The blobs that a registry does not say to have, without those that jobs of this attempt have sent: who may push to it
   * need not be one who may look. What it lacks of them it says when it is given their manifest.
   */
  async #unsent(image: ImageJob, plan: Plan, target: Target): Promise<readonly Descriptor[]> {
    if (plan.missing.length === 0) return []
    const settled = await this.engine.states.settledBlobs(image)
    const isSent = ({ digest }: Descriptor) => settled.has(blobKey(digest))
    for (const desc of plan.missing.filter(isSent)) target.onBlobStored?.(desc)
    return plan.missing.filter((desc) => !isSent(desc))
  }

  /** What is asked of which source, and what that is where it goes. */
  #asked(reference: Reference, to: Locator | undefined, head: RunHead): Asked {
    const selected = platformsOf(head)
    const platforms = selected === 'all' ? selected : selected.map(parsePlatform)
    if (to === undefined) return { source: this.parts.source, platforms, object: reference }
    // A store keeps the manifests of an image that waits for its blobs; a registry takes them only when it is whole.
    const source = this.#remembering
    const [platform, ...others] = platforms === 'all' ? [] : platforms
    if (platform === undefined || others.length > 0) return { source, platforms, object: reference }
    const { digest: _, ...tagged } = reference
    // A digest is that of the whole index.
    const object = reference.tag === undefined ? reference : tagged
    return { source: narrowed(source, platform), platforms: 'all', object }
  }
}

interface Asked {
  source: Source
  platforms: PlatformRequest
  /** The name that the image gets is made of it. */
  object: Reference
}

/** Publishes; resolves to the blobs that have to be sent once more before that can be. */
async function publish(
  { again = [] }: ImageJob,
  plan: Plan,
  target: Target,
  options: TargetOptions,
): Promise<readonly Descriptor[]> {
  const sent = plan.objects.map(({ digest }) => digest).filter((digest) => again.includes(blobKey(digest)))
  let lacked: readonly Descriptor[] = []
  const bring = async (blobs: readonly Descriptor[]) => {
    // A payload names so many.
    lacked = blobs.slice(0, maxAgain - again.length)
    if (lacked.length > 0) throw new Interrupted()
    const message = `${formatReference(plan.reference)}: the registry lacks more than ${maxAgain} blobs that were sent to it`
    throw new DistError('UNAVAILABLE', message, { retryable: false })
  }
  try {
    await publishPlan(plan, target, { ...options, bring, again: sent })
    return []
  } catch (error) {
    if (error instanceof Interrupted) return lacked
    throw error
  }
}

/** Publishing goes on in another look. */
class Interrupted extends Error {}

/** A look at blobs that the registry lacks, whatever it says of them. */
function sentAgain(look: Observation, lacked: readonly Descriptor[]): Observation {
  const again = [...(look.payload.again ?? []), ...lacked.map(({ digest }) => blobKey(digest))]
  const jobOf = (desc: Descriptor) => ({ ...look.jobOf(desc), again: true }) as FetchJob
  return { ...look, payload: { ...look.payload, again }, missing: lacked, jobOf }
}

/** The payload from which a job that is started again goes on. */
function nextPlan(image: ImageJob, plan: Plan, { to }: Target): ImageJob {
  const resolved = bareDescriptor(plan.desc)
  const next = { ...image, resolved, plans: (image.plans ?? 0) + 1 }
  // The next plan will have them all once more.
  if (to !== undefined) return next
  const before = image.manifests ?? { objects: 0, bytes: 0 }
  const bytes = plan.fetched.reduce((sum, { size }) => sum + size, before.bytes)
  return { ...next, manifests: { objects: before.objects + plan.fetched.length, bytes } }
}

function fetchJob(
  { run, index, attempt, reference: image }: ImageJob,
  { reference }: Plan,
  { to }: Target,
  desc: Descriptor,
): FetchJob {
  const { host, repository } = reference
  return {
    v: 1,
    run,
    index,
    attempt,
    desc: bareDescriptor(desc),
    image,
    source: { host, repository },
    ...(to === undefined ? {} : { to: { host: to.host, repository: to.repository } }),
  }
}
