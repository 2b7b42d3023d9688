import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import type { Plan } from './plan.js'
import { type PublishOptions, publishImage } from './publish.js'
import type { Target } from './target.js'

export interface PublishPlanOptions extends PublishOptions {
  /** Sends blobs of the plan, even if the target seems to have them. Its errors are thrown. */
  bring: (blobs: readonly Descriptor[]) => Promise<void>
  /** Digests that have been sent again already. Default: none. */
  again?: Iterable<Digest> | undefined
}

/** How many digests an error names at most. */
const maxNamed = 5

/**
 * Publishes an image. Content that the registry then reports as missing is sent once more (R33): registries answer HEAD for
 * blobs that they have lost, and mount blobs that they do not have. The error names content that is still missing.
 */
export async function publishPlan(
  plan: Plan,
  target: Target,
  { bring, again = [], ...options }: PublishPlanOptions,
): Promise<Image[]> {
  const resent = new Set(again)
  for (;;) {
    try {
      return await publishImage(plan, target, options)
    } catch (error) {
      const lacked = lackedOf(plan, error).filter(({ digest }) => !resent.has(digest))
      if (lacked.length === 0) throw withMissing(error, resent)
      for (const { digest } of lacked) resent.add(digest)
      target.forget(lacked)
      const blobs = lacked.filter(({ mediaType }) => !hasChildren(mediaType))
      if (blobs.length > 0) await bring(blobs)
    }
  }
}

function lackedOf(plan: Plan, error: unknown): Descriptor[] {
  if (!(error instanceof DistError) || error.lacks === undefined) return []
  const digests = new Set(error.lacks)
  return plan.objects.filter(({ digest }) => digests.has(digest))
}

/** The error with the digests that its message does not name. */
function withMissing(error: unknown, resent: ReadonlySet<string>): unknown {
  if (!(error instanceof DistError) || error.lacks === undefined) return error
  const { code, message, lacks } = error
  const unnamed = lacks.filter((digest) => !message.includes(digest))
  if (unnamed.length === 0) return error
  const more = unnamed.length > maxNamed ? ` and ${unnamed.length - maxNamed} more` : ''
  const sent = lacks.some((digest) => resent.has(digest))
    ? ', although it was sent twice; ask the operator of the registry'
    : ''
  return new DistError(code, `${message}; it lacks ${unnamed.slice(0, maxNamed).join(', ')}${more}${sent}`, {
    cause: error,
    lacks,
  })
}
