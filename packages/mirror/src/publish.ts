import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { bareDescriptor, type Descriptor } from '@dist/oci'
import { formatReference } from '@dist/reference'
import type { Plan } from './plan.js'
import type { PutOptions, Target, TargetOptions } from './target.js'

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
  const { objects } = plan
  const publish = async (isCollecting: boolean) => {
    const isChecked = complete && !isCollecting
    const missing = isChecked ? [] : await target.missing(objects, { ...options, isCollecting })
    if (missing.length > 0) throw incomplete(plan, missing)
    return putNames(plan, target, { ...options, isCollecting })
  }
  return target.guard(objects, publish, options)
}

function incomplete({ reference }: Plan, missing: readonly Descriptor[]): DistError {
  const digests = missing.slice(0, 5).map((desc) => desc.digest)
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
  return new DistError(
    'UNAVAILABLE',
    `${formatReference(reference)} is incomplete: the target lacks ${digests.join(', ')}${more}`,
  )
}

function putNames(
  { desc, selection, record, attached }: Plan,
  target: Target,
  options: PutOptions,
): Promise<Image[]> {
  const image = {
    desc: bareDescriptor(desc),
    selection,
    ...(record === undefined ? {} : { referrers: record }),
  }
  return Promise.all(target.names.map((name) => target.publish({ name, ...image }, attached, options)))
}
