import { abortError, DistError, hasCode, isCanceled, isPaused, isRetryable } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { EngineDependencies, EngineOptions, ImageOutcome } from './embedded.js'
import type { ObjectState } from './events.js'
import { Meter } from './meter.js'
import { type Plan, planImage } from './plan.js'
import { publishPlan } from './publish-plan.js'
import type { Target } from './target.js'

/**
 * One image on its way into the target. It may take several attempts: what was resolved, planned and brought stays from
 * one to the next. Between two of them it holds nothing.
 */
export class ImageWork {
  readonly name: string
  readonly #fetched: Part[] = []
  readonly #meters = new Map<string, Meter>()
  readonly #landed = new Set<string>()
  /** What the last attempt did not bring, and what it called off because of that. */
  #unsettled = new Set<Descriptor>()
  readonly #calledOff = new Set<Descriptor>()
  /** What was brought once more, because the target turned out to lack it. */
  readonly #again = new Set<Digest>()
  #made: Target | undefined
  #resolved: Descriptor | undefined
  #plan: Plan | undefined

  constructor(
    readonly reference: Reference,
    private readonly dependencies: EngineDependencies,
    private readonly options: EngineOptions,
  ) {
    this.name = formatReference(reference)
  }

  /** Tries to bring the image in. `onAnswered` is called once its host has told what the reference means. */
  async attempt(onAnswered: () => void): Promise<void> {
    const plan = await this.#planned(onAnswered)
    const open = plan.missing.filter(({ digest }) => !this.#landed.has(digest))
    await this.#fill(open)
    await this.#publish(plan)
    if (this.#target.stagesManifests) this.#tellSent(plan)
    this.#tellImage('done')
  }

  /** It goes on later, and holds nothing until then. */
  delayed(error: unknown, until: number): void {
    this.options.onEvent?.({ type: 'image', reference: this.name, state: 'delayed', error, until })
  }

  /** How it went. `failure`: why it is not tried again. */
  outcome(failed?: { readonly error: unknown }): ImageOutcome {
    const failure = failed === undefined ? undefined : this.#ended(failed.error)
    const {
      desc,
      upToDate = false,
      objects = [],
      skipped = [],
      remarks = [],
    }: Partial<Plan> = this.#plan ?? this.#unplanned
    return {
      reference: this.reference,
      ...(desc === undefined ? {} : { desc }),
      upToDate,
      fetched: amount(this.#fetched),
      total: amount(objects),
      skipped,
      remarks,
      ...failure,
    }
  }

  /** Tells that it is not tried again. */
  #ended(thrown: unknown): { readonly error: unknown } {
    const error = isInterrupted(thrown, this.options.signal) ? abortError(this.options.signal) : thrown
    const state = isCanceled(error) ? 'canceled' : 'failed'
    for (const desc of this.#unsettled) this.#tellObject(desc, state, 0)
    for (const desc of this.#calledOff) this.#tellObject(desc, 'canceled', 0)
    this.options.onEvent?.({ type: 'image', reference: this.name, state, error })
    return { error }
  }

  get #unplanned(): Partial<Plan> {
    return this.#resolved === undefined ? {} : { desc: this.#resolved }
  }

  get #target(): Target {
    this.#made ??= this.dependencies.target(this.reference)
    return this.#made
  }

  async #planned(onAnswered: () => void): Promise<Plan> {
    const { onEvent } = this.options
    if (this.#plan !== undefined) {
      this.#tellImage('planned')
      return this.#plan
    }
    onEvent?.({ type: 'image', reference: this.name, state: 'resolving' })
    const plan = await planImage(this.reference, this.dependencies.source, this.#target, {
      ...this.options,
      ...(this.#resolved === undefined ? {} : { resolved: this.#resolved }),
      onEvent: (event) => {
        if (event.type === 'image' && event.state === 'resolved') {
          this.#resolved = event.desc
          onAnswered()
        }
        onEvent?.(event)
      },
    })
    this.#plan = plan
    this.#fetched.push(...plan.fetched)
    this.#tellImage('planned')
    this.#tellPresent(plan)
    for (const desc of plan.missing) this.#tellObject(desc, 'waiting', 0)
    return plan
  }

  /** Brings blobs in. `again`: as in `BlobTask`. Throws the first failure, once all transfers have ended. */
  async #fill(blobs: readonly Descriptor[], again = false): Promise<void> {
    const called = new AbortController()
    const signal =
      this.options.signal === undefined
        ? called.signal
        : AbortSignal.any([this.options.signal, called.signal])
    const failures: unknown[] = []
    this.#unsettled = new Set(blobs)
    this.#calledOff.clear()
    const fill = async (desc: Descriptor) => {
      try {
        await this.#bring(desc, signal, again)
      } catch (error) {
        if (called.signal.aborted) this.#callOff(desc)
        failures.push(error)
        // What may go on later keeps the others going. Not the error itself: what is only called off must look neither
        // failed nor worth a retry.
        if (!isRetryable(error))
          called.abort(new DistError('CANCELED', `${desc.digest} of ${this.name} failed`, { cause: error }))
      }
    }
    await Promise.all(blobs.map(fill))
    if (failures.length > 0) throw foremost(failures)
  }

  #callOff(desc: Descriptor): void {
    this.#unsettled.delete(desc)
    this.#calledOff.add(desc)
  }

  async #bring(desc: Descriptor, signal: AbortSignal, again: boolean): Promise<void> {
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
      this.#tellObject(desc, 'downloading', offset)
    }
    const outcome = await this.dependencies.ingest(task, { signal, onProgress })
    this.#target.onBlobStored(desc)
    this.#landed.add(desc.digest)
    this.#unsettled.delete(desc)
    if (outcome === 'fetched') this.#fetched.push({ size: desc.size - meter.resumed })
    this.#tellObject(desc, outcome === 'fetched' ? 'done' : 'exists', desc.size)
  }

  async #publish(plan: Plan): Promise<void> {
    const { signal } = this.options
    const bring = async (blobs: readonly Descriptor[]) => {
      for (const { digest } of blobs) this.#again.add(digest)
      await this.#fill(blobs, true)
    }
    const remarks = new Set(plan.remarks)
    const onRemark = (remark: string) => remarks.add(remark)
    const options = { bring, again: this.#again, onRemark, ...(signal === undefined ? {} : { signal }) }
    try {
      if (!plan.upToDate) await publishPlan(plan, this.#target, options)
      this.#plan = { ...plan, remarks: [...remarks] }
    } catch (error) {
      // What was there may be gone: the next attempt looks again.
      this.#plan = undefined
      this.#landed.clear()
      throw error
    }
  }

  #tellImage(state: 'planned' | 'done'): void {
    const plan = this.#plan
    if (plan !== undefined)
      this.options.onEvent?.({ type: 'image', reference: this.name, state, desc: plan.desc, plan })
  }

  #tellObject(desc: Descriptor, state: ObjectState, offset: number): void {
    this.options.onEvent?.({ type: 'object', reference: this.name, desc, state, offset })
  }

  /** A registry has the manifests once the image is published. */
  #tellSent(plan: Plan): void {
    const state = plan.upToDate ? 'exists' : 'done'
    for (const desc of plan.objects) if (hasChildren(desc.mediaType)) this.#tellObject(desc, state, desc.size)
  }

  /** Manifests have been told of while they were walked. */
  #tellPresent(plan: Plan): void {
    const missing = new Set(plan.missing.map((desc) => desc.digest))
    for (const desc of plan.objects)
      if (!hasChildren(desc.mediaType) && !missing.has(desc.digest))
        this.#tellObject(desc, 'exists', desc.size)
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

function amount(parts: readonly Part[]): { objects: number; bytes: number } {
  return { objects: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) }
}

/** What will not go away first, then what a host has said to this image itself, then what it said to others. */
function foremost(failures: readonly unknown[]): unknown {
  const lasting = failures.find((error) => !isRetryable(error))
  return lasting ?? failures.find((error) => !isPaused(error)) ?? failures[0]
}
