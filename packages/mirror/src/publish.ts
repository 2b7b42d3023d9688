import { type Image, mergeSelections } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { bareDescriptor } from '@dist/oci'
import { formatReference, publishedNames } from '@dist/reference'
import type { Plan } from './plan.js'
import type { Target } from './target.js'

/**
 * Makes a planned image visible under its names, once everything that the plan takes is in the target. What was
 * selected of the same digest before stays selected. Throws `UNAVAILABLE`, naming them, while objects are missing.
 */
export async function publishImage(plan: Plan, target: Target): Promise<Image[]> {
  const missing = await target.missing(plan.objects)
  if (missing.length > 0) {
    const digests = missing.slice(0, 5).map((desc) => desc.digest)
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
    throw new DistError(
      'UNAVAILABLE',
      `${formatReference(plan.reference)} is not whole: ${digests.join(', ')}${more} missing`,
    )
  }
  return Promise.all(publishedNames(plan.reference).map((name) => publishAs(name, plan, target)))
}

async function publishAs(name: string, plan: Plan, target: Target): Promise<Image> {
  const before = await target.published(name)
  const selection =
    before?.desc.digest === plan.desc.digest
      ? mergeSelections(before.selection, plan.selection)
      : plan.selection
  const image = { name, desc: bareDescriptor(plan.desc), selection }
  await target.publish(image)
  return image
}
