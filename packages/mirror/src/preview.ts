import { createStore, MemoryDriver, type Provider, type PublishedName } from '@dist/content'
import { abortError, hasCode, isNotFound } from '@dist/errdefs'
import type { PlatformRequest } from '@dist/images'
import { bareDescriptor, type Descriptor, type Digest } from '@dist/oci'
import type { Reference } from '@dist/reference'
import { type EachImageOptions, eachImage, type WorkFor } from './each-image.js'
import type { EngineDependencies } from './embedded.js'
import type { WorkStage } from './image-work.js'
import { isPublishedAs, planImage, publishedNames, publishedRoot, resolve } from './plan.js'
import { selectionOf } from './selection.js'
import type { Source } from './source.js'
import type { Target } from './target.js'
import { type ImageTask, nameOf } from './task.js'
import type { Images } from './window.js'

export interface PreviewOptions extends EachImageOptions {
  platforms: PlatformRequest
  /** Also find out which content the target lacks. Costs the requests for manifests. Default: false. */
  sizes?: boolean | undefined
}

/** What mirroring an image would do. */
export interface PreviewOutcome {
  /** The place of the image in the input, from 0. */
  readonly index: number
  readonly reference: Reference
  /** `gone`: the target has it, and its source no longer. Undefined if it could not be found out. */
  readonly state?: 'new' | 'changed' | 'unchanged' | 'gone' | undefined
  readonly desc?: Descriptor | undefined
  /** The root that is published now, if it is another one. */
  readonly previous?: Digest | undefined
  /** With `sizes`: the manifests and the blobs that would be fetched. */
  readonly manifests?: readonly Descriptor[] | undefined
  readonly blobs?: readonly Descriptor[] | undefined
  readonly error?: unknown
  readonly stage?: WorkStage | undefined
}

/** Finds out what `mirrorImages` would do, and changes nothing. Yields the outcomes as `eachImage`. */
export function previewImages(
  images: Images,
  dependencies: Pick<EngineDependencies, 'source' | 'target' | 'hosts'>,
  options: PreviewOptions,
): AsyncGenerator<PreviewOutcome, void, undefined> {
  const begin = (task: ImageTask, signal: AbortSignal) => new Preview(task, dependencies, options, signal)
  return eachImage(images, dependencies.hosts, begin, options)
}

type Found = Omit<PreviewOutcome, 'index' | 'reference'>

class Preview implements WorkFor<Omit<PreviewOutcome, 'index'>> {
  readonly name: string
  #stage: WorkStage = 'resolving'
  #found: Found = {}

  constructor(
    private readonly task: ImageTask,
    private readonly dependencies: Pick<EngineDependencies, 'source' | 'target'>,
    private readonly options: PreviewOptions,
    private readonly signal: AbortSignal,
  ) {
    this.name = nameOf(task)
  }

  async attempt(onAnswered: () => void): Promise<void> {
    const { reference } = this.task
    const target = (this.task.target ?? this.dependencies.target)(reference)
    const published = await publishedNames(target, { signal: this.signal })
    const desc = (await this.#resolve(published))?.desc
    onAnswered()
    this.#found = await this.#compare(published, desc)
    if (desc === undefined || this.#found.state === 'unchanged' || this.options.sizes !== true) return
    this.#stage = 'planning'
    this.#found = { ...this.#found, ...(await this.#missing(target, desc)) }
  }

  delayed(): void {}

  outcome(failed?: { readonly error: unknown }): Omit<PreviewOutcome, 'index'> {
    const { reference } = this.task
    if (failed === undefined) return { reference, ...this.#found }
    const { desc } = this.#found
    const isAborted = this.signal.aborted && hasCode(failed.error, 'CANCELED', 'UNAVAILABLE')
    const error = isAborted ? abortError(this.signal) : failed.error
    return { reference, ...(desc === undefined ? {} : { desc }), error, stage: this.#stage }
  }

  get #platforms(): PlatformRequest {
    return this.task.platforms ?? this.options.platforms
  }

  get #source() {
    return this.task.source ?? this.dependencies.source
  }

  /** `desc`: the root at the source. What is published is read only if it is not this. */
  async #compare(published: readonly PublishedName[], desc: Descriptor | undefined): Promise<Found> {
    if (desc !== undefined) {
      const selection = selectionOf(this.#platforms, desc)
      if (await isPublishedAs(published, bareDescriptor(desc), selection)) return { state: 'unchanged', desc }
    }
    const current = (await publishedRoot(published))?.digest
    const previous = current === undefined || current === desc?.digest ? {} : { previous: current }
    if (desc === undefined) return { state: 'gone', ...previous }
    return { state: current === undefined ? 'new' : 'changed', desc, ...previous }
  }

  /** The root; undefined if the source no longer has what is published. */
  async #resolve(published: readonly PublishedName[]) {
    const { reference, immutable } = this.task
    const source = this.#source
    // A HEAD uses no quota.
    const asked: Pick<Source, 'resolve' | 'narrows'> = {
      narrows: source.narrows,
      resolve: (ref, options) => source.resolve(ref, { ...options, intent: 'compare' }),
    }
    try {
      const options = { platforms: this.#platforms, immutable, signal: this.signal }
      return await resolve(reference, asked, published, options)
    } catch (error) {
      if (published.length > 0 && isNotFound(error)) return undefined
      throw error
    }
  }

  async #missing(target: Target, resolved: Descriptor): Promise<Pick<Found, 'manifests' | 'blobs'>> {
    const { reference, anyPlatform, referrers } = this.task
    const { fetched, missing } = await planImage(reference, this.#source, readOnly(target), {
      platforms: this.#platforms,
      anyPlatform,
      referrers,
      resolved,
      signal: this.signal,
    })
    return { manifests: fetched, blobs: missing }
  }
}

/** A target that keeps what planning writes in memory. */
function readOnly(target: Target): Target {
  // A registry as target writes nothing before it publishes.
  if (target.stagesManifests) return target
  const scratch = createStore(new MemoryDriver())
  const provider: Provider = {
    open: async (desc, options) => {
      try {
        return await scratch.open(desc, options)
      } catch (error) {
        if (!isNotFound(error)) throw error
        return target.provider.open(desc, options)
      }
    },
  }
  const { remember: _, ...others } = target
  return { ...others, provider, ingester: scratch }
}
