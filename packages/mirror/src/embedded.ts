import { abortError, DistError, hasCode, isCanceled, throwIfAborted } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { type Descriptor, hasChildren } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import pLimit from 'p-limit'
import type { MirrorEvent, ObjectState } from './events.js'
import type { BlobTask, IngestOptions, IngestOutcome } from './ingest.js'
import { publishPlan } from './lacking.js'
import { Meter } from './meter.js'
import { type Plan, planImage } from './plan.js'
import type { Source } from './source.js'
import type { Target, TargetOf } from './target.js'

/** How many images are planned and filled at the same time. */
const imagesAtOnce = 16

export interface EngineDependencies {
  source: Source
  target: TargetOf
  /** Brings one blob in (`ingestBlob`); it bounds by itself how many transfers run. */
  ingest: (task: BlobTask, options: IngestOptions) => Promise<IngestOutcome>
}

export interface EngineOptions {
  platforms: PlatformRequest
  foreignLayers?: boolean
  /** As in `PlanOptions`. */
  referrers?: boolean
  signal?: AbortSignal
  onEvent?: (event: MirrorEvent) => void
}

/** How it went for one image. */
export interface ImageOutcome {
  readonly reference: Reference
  /** The root, once it is resolved. */
  readonly desc?: Descriptor
  /** Nothing had to be done. */
  readonly upToDate: boolean
  /**
   * Objects and bytes that this image had to fetch, manifests included. What others brought is not in it, nor are bytes
   * that earlier, cut-off transfers left.
   */
  readonly fetched: { readonly objects: number; readonly bytes: number }
  /** Objects and bytes of the whole selection. */
  readonly total: { readonly objects: number; readonly bytes: number }
  readonly skipped: readonly Descriptor[]
  /** As in `Plan`. */
  readonly remarks: readonly string[]
  /** Set when the image failed; nothing was published then. `CANCELED` where the signal kept it from being done. */
  readonly error?: unknown
}

/**
 * Mirrors images in this process, several at a time; blobs that they share are fetched once. One image's failure
 * leaves the others alone and is told in its outcome; outcomes come in the order of the references, one for each, also
 * when the signal aborts.
 */
export async function mirrorImages(
  references: readonly Reference[],
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<ImageOutcome[]> {
  const limit = pLimit(imagesAtOnce)
  const run = (reference: Reference) => limit(() => mirrorImage(reference, dependencies, options))
  return await Promise.all(references.map(run))
}

async function mirrorImage(
  reference: Reference,
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<ImageOutcome> {
  const { onEvent } = options
  const name = formatReference(reference)
  let plan: Plan | undefined
  const fetched: Part[] = []
  try {
    throwIfAborted(options.signal)
    onEvent?.({ type: 'image', reference: name, state: 'resolving' })
    const target = dependencies.target(reference)
    plan = await planImage(reference, dependencies.source, target, options)
    onEvent?.({ type: 'image', reference: name, state: 'planned', desc: plan.desc, plan })
    announcePresent(plan, name, onEvent)
    fetched.push(...plan.fetched)
    const onFetched = (part: Part) => fetched.push(part)
    const filling = { plan, name, target }
    await fillPlan({ ...filling, blobs: plan.missing }, dependencies, { ...options, onFetched })
    const bring = (blobs: readonly Descriptor[]) =>
      fillPlan({ ...filling, blobs, again: true }, dependencies, { ...options, onFetched })
    if (!plan.upToDate) await publishPlan(plan, target, { ...signalOf(options), bring })
    if (target.to !== undefined) announceSent(plan, name, onEvent)
    onEvent?.({ type: 'image', reference: name, state: 'done', desc: plan.desc, plan })
    return outcomeOf(reference, plan, fetched)
  } catch (thrown) {
    const error = isInterrupted(thrown, options.signal) ? abortError(options.signal) : thrown
    onEvent?.({ type: 'image', reference: name, state: isCanceled(error) ? 'canceled' : 'failed', error })
    return { ...outcomeOf(reference, plan, fetched), error }
  }
}

/** Something of an image that was fetched; `size`: the bytes that came. */
type Part = Pick<Descriptor, 'size'>

/** Whether the abort is what an error comes from: connections that it ends fail in many ways. */
function isInterrupted(error: unknown, signal: AbortSignal | undefined): signal is AbortSignal {
  return (
    signal?.aborted === true && hasCode(error, 'CANCELED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL')
  )
}

interface Filling {
  plan: Plan
  name: string
  target: Target
  blobs: readonly Descriptor[]
  /** As in `BlobTask`. */
  again?: boolean
}

/** Brings blobs of a plan in. The first failure cancels the image's other transfers, and is thrown. */
async function fillPlan(
  { plan, name, target, blobs, again = false }: Filling,
  { ingest }: EngineDependencies,
  options: EngineOptions & { onFetched: (part: Part) => void },
): Promise<void> {
  const failed = new AbortController()
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal])
  const failures: unknown[] = []
  const where = {
    source: locatorOf(plan.reference),
    ...(target.to === undefined ? {} : { to: target.to }),
    ...(again ? { again } : {}),
  }
  const fill = async (desc: Descriptor) => {
    const tell = (state: ObjectState, offset: number) =>
      options.onEvent?.({ type: 'object', reference: name, desc, state, offset })
    tell('waiting', 0)
    const meter = new Meter()
    const onProgress = (offset: number) => {
      meter.reached(offset)
      tell('downloading', offset)
    }
    try {
      const outcome = await ingest({ ...where, desc }, { signal, onProgress })
      target.landed?.(desc)
      if (outcome === 'fetched') options.onFetched({ size: desc.size - meter.resumed })
      tell(outcome === 'fetched' ? 'done' : 'exists', desc.size)
    } catch (error) {
      tell(signal.aborted ? 'canceled' : 'failed', 0)
      failures.push(error)
      // Not the error itself: what is only called off must look neither failed nor worth a retry.
      failed.abort(new DistError('CANCELED', `${desc.digest} of ${name} failed`, { cause: error }))
    }
  }
  await Promise.all(blobs.map(fill))
  if (failures.length > 0) throw failures[0]
}

/** A registry has the manifests once the image is published. */
function announceSent(plan: Plan, name: string, onEvent: EngineOptions['onEvent']): void {
  const state = plan.upToDate ? 'exists' : 'done'
  for (const desc of plan.objects)
    if (hasChildren(desc.mediaType))
      onEvent?.({ type: 'object', reference: name, desc, state, offset: desc.size })
}

/** Manifests have been told of while they were walked. */
function announcePresent(plan: Plan, name: string, onEvent: EngineOptions['onEvent']): void {
  const missing = new Set(plan.missing.map((desc) => desc.digest))
  for (const desc of plan.objects) {
    if (hasChildren(desc.mediaType) || missing.has(desc.digest)) continue
    onEvent?.({ type: 'object', reference: name, desc, state: 'exists', offset: desc.size })
  }
}

function outcomeOf(reference: Reference, plan: Plan | undefined, fetched: readonly Part[]): ImageOutcome {
  return {
    reference,
    ...(plan === undefined ? {} : { desc: plan.desc }),
    upToDate: plan?.upToDate ?? false,
    fetched: amount(fetched),
    total: amount(plan?.objects ?? []),
    skipped: plan?.skipped ?? [],
    remarks: plan?.remarks ?? [],
  }
}

function amount(parts: readonly Part[]): { objects: number; bytes: number } {
  return { objects: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) }
}

function signalOf({ signal }: EngineOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

function locatorOf({ host, repository }: Reference): { host: string; repository: string } {
  return { host, repository }
}
