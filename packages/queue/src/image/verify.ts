import { has, type Image, imageNamed } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { neededBy } from '@dist/images'
import { bareDescriptor, type Descriptor, isForeignLayerType } from '@dist/oci'
import { parseReference, publishedNames } from '@dist/reference'
import type { ReportedError } from '@dist/runs'
import type { Engine } from '../engine/engine.js'
import { type ImageJob, version } from '../jobs/payload.js'
import type { CoordinatorParts, PublishedImages } from '../service.js'
import type { RunHead } from '../state/head.js'
import type { ImageRecord } from '../state/record.js'
import type { VerifyOutcome } from '../state/verified.js'
import { BlobsFailed } from './failures.js'
import type { ImageKind, Observation } from './kind.js'
import { verifiedRecord } from './outcome.js'

/**
 * Verifies published images: blob jobs hash all that an image needs. A missing or damaged manifest fails its image; the
 * blobs below it are not known then. A manifest that the store fails to read is tried again.
 */
export class VerifyImage implements ImageKind {
  constructor(
    private readonly engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {}

  async observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation> {
    const { published } = this.parts
    const payload = { ...image, plans: (image.plans ?? 0) + 1 }
    const jobOf = (desc: Descriptor) => verifyJob(image, desc)
    const found = await findImage(image.reference, published.names, head)
    // Its name was deleted after it was listed: nothing is to be verified.
    if (found === undefined) return { payload, missing: [], jobOf, finish: async () => ({ state: 'done' }) }
    const needed = await storedNeeds(found, published.content, signal)
    const outcomes = await this.engine.states.verified(image, needed)
    return {
      payload,
      missing: needed.filter((_, i) => outcomes[i] === undefined),
      jobOf,
      finish: () => this.#finish(image, found, needed, outcomes),
    }
  }

  async #finish(
    image: ImageJob,
    { desc }: Image,
    needed: readonly Descriptor[],
    outcomes: readonly (VerifyOutcome | undefined)[],
  ): Promise<Omit<ImageRecord, 'attempt'>> {
    const bad = needed.flatMap(({ digest }, i) => {
      const outcome = outcomes[i]
      return outcome === undefined || outcome === 'right' ? [] : [{ digest, ...outcome }]
    })
    if (bad.length > 0) throw new BlobsFailed(bad.sort((a, b) => severity(b) - severity(a)))
    return verifiedRecord(desc, needed, (await this.engine.states.blobs(image)).fetched)
  }
}

/** A missing blob only needs another pull. Other failures may be damage, and are named first. */
function severity({ code }: ReportedError): number {
  return code === 'NOT_FOUND' ? 0 : 1
}

/** The image with exactly this name, else the one published under the reference. `NOT_FOUND`. */
async function findImage(
  text: string,
  names: PublishedImages['names'],
  { listing }: RunHead,
): Promise<Image | undefined> {
  const literal = await imageNamed(text, names)
  if (literal !== undefined || listing !== undefined) return literal
  const image = await imageNamed(publishedNames(parseReference(text)).at(-1) ?? text, names)
  if (image !== undefined) return image
  throw new DistError('NOT_FOUND', "is not in the services' store: dist images lists its images")
}

/** Foreign layers that were not mirrored are left out. */
async function storedNeeds(
  image: Image,
  content: PublishedImages['content'],
  signal: AbortSignal,
): Promise<Descriptor[]> {
  const needed = await neededBy(image, content, { stored: content, signal })
  const stored = await Promise.all(
    needed.map(async (desc) => !isForeignLayerType(desc.mediaType) || (await has(content, desc))),
  )
  return needed.filter((_, i) => stored[i])
}

function verifyJob({ run, index, attempt, reference }: ImageJob, desc: Descriptor) {
  return {
    v: version,
    kind: 'verify',
    run,
    index,
    attempt,
    image: reference,
    desc: bareDescriptor(desc),
  } as const
}
