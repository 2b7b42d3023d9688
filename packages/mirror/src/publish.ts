import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { bareDescriptor } from '@dist/oci'
import { formatReference } from '@dist/reference'
import type { Plan } from './plan.js'
import type { Target, TargetOptions } from './target.js'

/**
 * Makes a planned image visible under its names, once everything that the plan takes is in the target. What was
 * selected of the same digest before stays selected. Throws `UNAVAILABLE`, naming them, while objects are missing.
 */
export async function publishImage(
  plan: Plan,
  target: Target,
  options: TargetOptions = {},
): Promise<Image[]> {
  const missing = await target.missing(plan.objects, options)
  if (missing.length > 0) {
    const digests = missing.slice(0, 5).map((desc) => desc.digest)
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
    throw new DistError(
      'UNAVAILABLE',
      `${formatReference(plan.reference)} is not whole: ${digests.join(', ')}${more} missing`,
    )
  }
  const image = { desc: bareDescriptor(plan.desc), selection: plan.selection }
  return Promise.all(target.names.map((name) => target.publish({ name, ...image }, plan.referrers, options)))
}
