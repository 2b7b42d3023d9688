import { abortError, DistError, hasCode, isCanceled, isPaused, isRetryable, linkSignals } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import type { Reference } from '@dist/reference'
import type { EngineDependencies, EngineOptions, ImageOutcome } from './embedded.js'
import type { ObjectState } from './events.js'
import { Meter } from './meter.js'
import { type Plan, planImage } from './plan.js'
import { publishPlan } from './publish-plan.js'
import type { Target } from './target.js'
import { type ImageTask, nameOf } from './task.js'

/** What is done for an image, one after the other: its root, its manifests, its blobs, its names. */
export type WorkStage = 'resolving' | 'planning' | 'transferring' | 'publishing'

/**
 * The work for one image. It may take several attempts, and keeps what was resolved, planned and transferred from one to the
 * next. Between two attempts it holds no slot, lock or connection.
 */
export class ImageWork {
  readonly name: string
  readonly reference: Reference
  readonly #fetched: Part[] = []
  readonly #meters = new Map<string, Meter>()
  /** Digests of blobs that the target has. */
  readonly #stored = new Set<string>()
  /** Blobs that the last attempt did not transfer, and those that it canceled because another one failed. */
  #unsettled = new Set<Descriptor>()
  readonly #canceled = new Set<Descriptor>()
  /** Blobs that were sent again, because the registry lacked them. */
  readonly #resent = new Set<Digest>()
  #cachedTarget: Target | undefined
  #stage: WorkStage = 'resolving'
  #resolved: Descriptor | undefined
  #plan: Plan | undefined

  constructor(
    private readonly task: ImageTask,
    private readonly dependencies: EngineDependencies,
    private readonly options: EngineOptions,
  ) {
    this.name = nameOf(task)
    this.reference = task.reference
  }

  /** Tries to mirror the image. `onAnswered` is called when its host has resolved the reference. */
  async attempt(onAnswered: () => void): Promise<void> {
    this.#stage = this.#resolved === undefined ? 'resolving' : 'planning'
    const plan = await this.#planOnce(onAnswered)
    this.#stage = 'transferring'
    const open = plan.missing.filter(({ digest }) => !this.#stored.has(digest))
    await this.#fill(open)
    this.#stage = 'publishing'
    await this.#publish(plan)
    if (this.#target.stagesManifests) this.#emitPut(plan)
    this.#emitImage('done')
  }

  /** Reports that the next attempt comes later. */
  delayed(error: unknown, until: number): void {
    this.options.onEvent?.({ type: 'image', reference: this.name, state: 'delayed', error, until })
  }

  /** The outcome. `failed`: the error of the last attempt. */
  outcome(failed?: { readonly error: unknown }): Omit<ImageOutcome, 'index'> {
    const failure = failed === undefined ? undefined : { ...this.#fail(failed.error), stage: this.#stage }
    const {
      desc,
      previous,
      upToDate = false,
      objects = [],
      skipped = [],
      remarks = [],
    }: Partial<Plan> = this.#plan ?? this.#unplanned
    return {
      reference: this.reference,
      ...(desc === undefined ? {} : { desc }),
      ...(previous === undefined ? {} : { previous }),
      upToDate,
      fetched: amount(this.#fetched),
      total: amount(objects),
      skipped,
      remarks,
      ...failure,
    }
  }

  /** Reports that there is no further attempt. */
  #fail(thrown: unknown): { readonly error: unknown } {
    const error = isCausedByAbort(thrown, this.options.signal) ? abortError(this.options.signal) : thrown
    const state = isCanceled(error) ? 'canceled' : 'failed'
    for (const desc of this.#unsettled) this.#emitObject(desc, state, 0)
    for (const desc of this.#canceled) this.#emitObject(desc, 'canceled', 0)
    this.options.onEvent?.({ type: 'image', reference: this.name, state, error })
    return { error }
  }

  get #unplanned(): Partial<Plan> {
    return this.#resolved === undefined ? {} : { desc: this.#resolved }
  }

  get #target(): Target {
    this.#cachedTarget ??= (this.task.target ?? this.dependencies.target)(this.reference)
    return this.#cachedTarget
  }

  async #planOnce(onAnswered: () => void): Promise<Plan> {
    const { onEvent, platforms, referrers, referrersFreshFor } = this.options
    if (this.#plan !== undefined) {
      this.#emitImage('planned')
      return this.#plan
    }
    onEvent?.({ type: 'image', reference: this.name, state: 'resolving' })
    const plan = await planImage(this.reference, this.task.source ?? this.dependencies.source, this.#target, {
      ...this.options,
      platforms: this.task.platforms ?? platforms,
      anyPlatform: this.task.anyPlatform,
      referrers: this.task.referrers ?? referrers,
      referrersFreshFor: this.task.referrersFreshFor ?? referrersFreshFor,
      immutable: this.task.immutable,
      resolved: this.#resolved,
      onEvent: (event) => {
        if (event.type === 'image' && event.state === 'resolved') {
          this.#resolved = event.desc
          this.#stage = 'planning'
          onAnswered()
        }
        onEvent?.({ ...event, reference: this.name })
      },
    })
    this.#plan = plan
    this.#fetched.push(...plan.fetched)
    this.#emitImage('planned')
    this.#emitPresent(plan)
    for (const desc of plan.missing) this.#emitObject(desc, 'waiting', 0)
    return plan
  }

  /** Transfers blobs. `again`: as in `BlobTask`. Waits for all transfers, then throws the most important error. */
  async #fill(blobs: readonly Descriptor[], again = false): Promise<void> {
    this.#unsettled = new Set(blobs)
    this.#canceled.clear()
    if (blobs.length === 0) return
    using linked = linkSignals(this.options.signal)
    let hasFailed = false
    const failures: unknown[] = []
    const fill = async (desc: Descriptor) => {
      try {
        await this.#transfer(desc, linked.signal, again)
      } catch (error) {
        if (hasFailed) this.#cancel(desc)
        failures.push(error)
        // A retryable error leaves the other transfers running. The reason is a new error: canceled transfers have not
        // failed, and are not retryable.
        if (isRetryable(error)) return
        hasFailed = true
        linked.abort(new DistError('CANCELED', `${desc.digest} of ${this.name} failed`, { cause: error }))
      }
    }
    await Promise.all(blobs.map(fill))
    if (failures.length > 0) throw mostImportant(failures)
  }

  #cancel(desc: Descriptor): void {
    this.#unsettled.delete(desc)
    this.#canceled.add(desc)
  }

  async #transfer(desc: Descriptor, signal: AbortSignal, again: boolean): Promise<void> {
    const { host, repository } = this.reference
    const { to } = this.#target
    const task = {
      desc,
      source: { host, repository },
      to,
      ...(again ? { again } : {}),
    }
    const meter = this.#meters.get(desc.digest) ?? new Meter()
    this.#meters.set(desc.digest, meter)
    const onProgress = (offset: number) => {
      meter.reached(offset)
      this.#emitObject(desc, 'downloading', offset)
    }
    const outcome = await this.dependencies.ingest(task, { signal, onProgress })
    this.#target.onBlobStored(desc)
    this.#stored.add(desc.digest)
    this.#unsettled.delete(desc)
    if (outcome === 'fetched') this.#fetched.push({ size: desc.size - meter.resumed })
    this.#emitObject(desc, outcome === 'fetched' ? 'done' : 'exists', desc.size)
  }

  async #publish(plan: Plan): Promise<void> {
    const { signal } = this.options
    const bring = async (blobs: readonly Descriptor[]) => {
      for (const { digest } of blobs) this.#resent.add(digest)
      await this.#fill(blobs, true)
    }
    const remarks = new Set(plan.remarks)
    const onRemark = (remark: string) => remarks.add(remark)
    const options = { bring, again: this.#resent, onRemark, signal }
    try {
      const complete = plan.upToDate
      if (!complete || plan.renewed) await publishPlan(plan, this.#target, { ...options, complete })
      this.#plan = { ...plan, remarks: [...remarks] }
    } catch (error) {
      // The registry may have lost content: the next attempt plans again.
      this.#plan = undefined
      this.#stored.clear()
      throw error
    }
  }

  #emitImage(state: 'planned' | 'done'): void {
    const plan = this.#plan
    if (plan !== undefined)
      this.options.onEvent?.({ type: 'image', reference: this.name, state, desc: plan.desc, plan })
  }

  #emitObject(desc: Descriptor, state: ObjectState, offset: number): void {
    this.options.onEvent?.({ type: 'object', reference: this.name, desc, state, offset })
  }

  /** Reports the manifests that publishing has put. */
  #emitPut(plan: Plan): void {
    const state = plan.upToDate ? 'exists' : 'done'
    for (const desc of plan.objects) if (hasChildren(desc.mediaType)) this.#emitObject(desc, state, desc.size)
  }

  /** Reports the blobs that the target has. The walk has reported the manifests. */
  #emitPresent(plan: Plan): void {
    const missing = new Set(plan.missing.map((desc) => desc.digest))
    for (const desc of plan.objects)
      if (!hasChildren(desc.mediaType) && !missing.has(desc.digest))
        this.#emitObject(desc, 'exists', desc.size)
  }
}

/** A fetched object; `size`: the bytes that were transferred. */
type Part = Pick<Descriptor, 'size'>

/** Whether an error comes from the abort: aborted connections fail with several codes. */
function isCausedByAbort(error: unknown, signal: AbortSignal | undefined): signal is AbortSignal {
  return (
    signal?.aborted === true && hasCode(error, 'CANCELED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL')
  )
}

function amount(parts: readonly Part[]): { objects: number; bytes: number } {
  return { objects: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) }
}

/** Errors that are not retryable come first, then those that the host sent to this image, then those sent to others. */
function mostImportant(failures: readonly unknown[]): unknown {
  const permanent = failures.find((error) => !isRetryable(error))
  return permanent ?? failures.find((error) => !isPaused(error)) ?? failures[0]
}
