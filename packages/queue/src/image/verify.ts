import { has, type Image, imageNamed } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { neededBy } from '@dist/mirror'
import { bareDescriptor, type Descriptor, isForeignLayerType } from '@dist/oci'
import { parseReference, publishedNames } from '@dist/reference'
import type { ReportedError } from '@dist/runs'
import type { Engine } from '../engine/engine.js'
import type { ImageJob } from '../jobs/payload.js'
import type { CoordinatorParts, PublishedImages } from '../service.js'
import type { RunHead } from '../state/head.js'
import type { ImageRecord } from '../state/record.js'
import type { RunVerdict } from '../state/verdicts.js'
import { BlobsFailed } from './failures.js'
import { verifiedRecord } from './outcome.js'
import type { Observation, Work } from './work.js'

/**
 * Has all that a published image needs hashed again. A manifest that is missing or damaged fails its image; what it
 * names is not known then. One that the store fails to give is tried again.
 */
export class VerifyWork implements Work {
  constructor(
    private readonly engine: Engine,
    private readonly parts: CoordinatorParts,
  ) {}

  async observe(image: ImageJob, head: RunHead, signal: AbortSignal): Promise<Observation> {
    const { published } = this.parts
    const next = { ...image, plans: (image.plans ?? 0) + 1 }
    const jobOf = (desc: Descriptor) => verifyJob(image, desc)
    const found = await findImage(image.reference, published.names, head)
    // Its name was deleted since it was listed: nobody misses anything.
    if (found === undefined)
      return { payload: next, missing: [], jobOf, finish: async () => ({ state: 'done' }) }
    const needed = await storedNeeds(found, published.content, signal)
    const verdicts = await this.engine.states.verdicts(image, needed)
    return {
      payload: next,
      missing: needed.filter((_, i) => verdicts[i] === undefined),
      jobOf,
      finish: () => this.#finish(image, found, needed, verdicts),
    }
  }

  async #finish(
    image: ImageJob,
    { desc }: Image,
    needed: readonly Descriptor[],
    verdicts: readonly (RunVerdict | undefined)[],
  ): Promise<Omit<ImageRecord, 'attempt'>> {
    const bad = needed.flatMap(({ digest }, i) => {
      const verdict = verdicts[i]
      return verdict === undefined || verdict === 'right' ? [] : [{ digest, ...verdict }]
    })
    if (bad.length > 0) throw new BlobsFailed(bad.sort((a, b) => gravity(b) - gravity(a)))
    return verifiedRecord(desc, needed, await this.engine.states.fetchedBlobs(image))
  }
}

/** What is missing comes back with a pull alone: the rest says more about the store. */
function gravity({ code }: ReportedError): number {
  return code === 'NOT_FOUND' ? 0 : 1
}

/** The image of exactly that name, else the one published under the reference. `NOT_FOUND`. */
async function findImage(
  text: string,
  names: PublishedImages['names'],
  { listing }: RunHead,
): Promise<Image | undefined> {
  const literal = await imageNamed(text, names)
  if (literal !== undefined || listing !== undefined) return literal
  const image = await imageNamed(publishedNames(parseReference(text)).at(-1) ?? text, names)
  if (image !== undefined) return image
  throw new DistError('NOT_FOUND', "is not in the services' store: dist images lists what is")
}

/** Foreign layers that were left where their publisher keeps them are not missed. */
async function storedNeeds(
  image: Image,
  content: PublishedImages['content'],
  signal: AbortSignal,
): Promise<Descriptor[]> {
  const needed = await neededBy(image, content, { stored: content, signal })
  const taken = await Promise.all(
    needed.map(async (desc) => !isForeignLayerType(desc.mediaType) || (await has(content, desc))),
  )
  return needed.filter((_, i) => taken[i])
}

function verifyJob({ run, index, attempt, reference }: ImageJob, desc: Descriptor) {
  const place = { run, index, attempt, image: reference }
  return { v: 1, kind: 'verify', ...place, desc: bareDescriptor(desc) } as const
}
