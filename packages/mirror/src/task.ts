import type { PlatformRequest } from '@dist/images'
import { formatReference, type Reference } from '@dist/reference'
import type { ReferrersRequest } from './referrers-request.js'
import type { Source } from './source.js'
import type { TargetOf } from './target.js'

/** One image for the embedded engine. What it leaves out is as in the dependencies and options of the engine. */
export interface ImageTask {
  readonly reference: Reference
  readonly source?: Source | undefined
  readonly target?: TargetOf | undefined
  readonly platforms?: PlatformRequest | undefined
  /** As in `PlanOptions`. */
  readonly anyPlatform?: boolean | undefined
  /** As in `PlanOptions`. */
  readonly referrers?: ReferrersRequest | undefined
  /** As in `PlanOptions`. */
  readonly referrersFreshFor?: number | undefined
  /** As in `PlanOptions`. */
  readonly immutable?: boolean | undefined
  /** The name in events. Default: the reference, formatted. */
  readonly name?: string | undefined
}

/** A plain reference is a task that leaves everything out. */
export function taskOf(image: Reference | ImageTask): ImageTask {
  return 'reference' in image ? image : { reference: image }
}

export function nameOf({ name, reference }: ImageTask): string {
  return name ?? formatReference(reference)
}
