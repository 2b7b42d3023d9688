import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { bareDescriptor } from '@dist/oci'
import { formatReference } from '@dist/reference'
import type { Plan } from './plan.js'
import type { Target, TargetOptions } from './target.js'

export interface PublishOptions extends TargetOptions {
  /** The caller has just found that the target has all objects: they are not asked for again. Default: false. */
  complete?: boolean | undefined
}

/**
 * Publishes a planned image under its names, after a check that the target has all of its objects. A selection that was
 * published for the same digest before is kept. Throws `UNAVAILABLE` with the digests if objects are missing.
 */
export async function publishImage(
  plan: Plan,
  target: Target,
  { complete = false, ...options }: PublishOptions = {},
): Promise<Image[]> {
  const missing = complete ? [] : await target.missing(plan.objects, options)
  if (missing.length > 0) {
    const digests = missing.slice(0, 5).map((desc) => desc.digest)
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
    throw new DistError(
      'UNAVAILABLE',
      `${formatReference(plan.reference)} is incomplete: the target lacks ${digests.join(', ')}${more}`,
    )
  }
  const { desc, selection, record } = plan
  const image = {
    desc: bareDescriptor(desc),
    selection,
    ...(record === undefined ? {} : { referrers: record }),
  }
  return Promise.all(target.names.map((name) => target.publish({ name, ...image }, plan.attached, options)))
}
