import { type PlanOptions, requestForRegistry, type Source, strippedSource, type Target } from '@dist/mirror'
import { parsePlatform } from '@dist/oci'
import { parsePrefix, parseReference, type Reference } from '@dist/reference'
import { wantedBy } from '@dist/sync'
import type { Engine } from '../engine/engine.js'
import type { ImageJob } from '../jobs/payload.js'
import { RunEntries } from '../run/sources.js'
import type { CoordinatorParts } from '../service.js'
import { platformsOf, type RunHead, referrersOf } from '../state/head.js'
import { cachingSource } from './manifests.js'

/** Bytes of manifests that are cached for images that are observed again. */
const manifestCacheSize = 32 * 1024 * 1024

type Asked = Pick<
  PlanOptions,
  'platforms' | 'anyPlatform' | 'referrers' | 'referrersFreshFor' | 'immutable' | 'resolved'
>

/** What is asked of which source, and where it goes. */
export interface MirrorRequest extends Asked {
  readonly source: Source
  readonly target: Target
}

/** Finds out what the images of runs ask for. */
export class MirrorRequests {
  readonly #cachingSource: Source
  readonly #entries: RunEntries

  constructor(
    engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {
    this.#cachingSource = cachingSource(parts.source, manifestCacheSize)
    this.#entries = new RunEntries(engine)
  }

  /** Throws as `RunEntries.entry`, and for a stripped index what resolving throws. */
  async of(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<MirrorRequest> {
    if (image.entry !== undefined) return await this.#ofEntry(image, image.entry, head, signal)
    const reference = parseReference(image.reference)
    const selected = platformsOf(head)
    const platforms = selected === 'all' ? selected : selected.map(parsePlatform)
    const common = { resolved: image.resolved, referrers: referrersOf(head) }
    if (head.to === undefined)
      return { ...common, source: this.parts.source, target: this.parts.target(reference), platforms }
    // A store keeps the manifests of an image that waits for its blobs. A registry accepts them only after the blobs.
    const { nameOf, ...request } = requestForRegistry(this.#cachingSource, platforms)
    const target = this.parts.target(nameOf(reference), parsePrefix(head.to))
    return { ...common, ...request, target }
  }

  async #ofEntry(image: ImageJob, name: string, head: RunHead, signal: AbortSignal): Promise<MirrorRequest> {
    const wanted = wantedBy(await this.#entries.entry(image.run, name), platformsOf(head))
    const reference = parseReference(image.reference)
    const destination = image.destination === undefined ? undefined : parseReference(image.destination)
    const platforms = wanted.platforms === 'all' ? 'all' : wanted.platforms.map(parsePlatform)
    const source = destination === undefined ? this.parts.source : this.#cachingSource
    const asked = {
      target: this.#target(reference, destination),
      referrers: wanted.referrers,
      referrersFreshFor: wanted.referrersFreshFor,
      immutable: image.immutable,
      resolved: image.resolved,
    }
    if (!wanted.isStripped) return { ...asked, source, platforms, anyPlatform: true }
    const stripped = strippedSource(source, platforms)
    return {
      ...asked,
      source: stripped,
      platforms: 'all',
      resolved: await resolvedAgain(stripped, reference, image, signal),
    }
  }

  #target(reference: Reference, destination: Reference | undefined): Target {
    if (destination === undefined) return this.parts.target(reference)
    return this.parts.target(destination, { host: destination.host, repository: '' })
  }
}

/**
 * The root of an image that is planned again. Only this source has the index that it has made, so it makes it again. Undefined
 * if the tag has moved: the image is resolved anew.
 */
async function resolvedAgain(
  source: Source,
  reference: Reference,
  { resolved }: ImageJob,
  signal: AbortSignal,
): Promise<ImageJob['resolved']> {
  if (resolved === undefined) return undefined
  const { desc } = await source.resolve(reference, { signal })
  return desc.digest === resolved.digest ? resolved : undefined
}
