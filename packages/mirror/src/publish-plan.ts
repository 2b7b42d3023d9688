import type { Image } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import type { Plan } from './plan.js'
import { publishImage } from './publish.js'
import type { Target, TargetOptions } from './target.js'

export interface PublishPlanOptions extends TargetOptions {
  /** Brings blobs of the plan, whatever the target says of them. What it throws ends the publishing. */
  bring: (blobs: readonly Descriptor[]) => Promise<void>
  /** What was brought once more already. Default: nothing. */
  again?: Iterable<Digest> | undefined
}

/** Digests that an error names. */
const maxNamed = 5

/**
 * `publishImage`, where a target that says it lacks what was there, or was brought, gets that once more (R33): registries
 * are known to tell of blobs that they have lost, and to mount what they do not have. What it lacks then is named in the
 * error.
 */
export async function publishPlan(
  plan: Plan,
  target: Target,
  { bring, again = [], ...options }: PublishPlanOptions,
): Promise<Image[]> {
  const brought = new Set(again)
  for (;;) {
    try {
      return await publishImage(plan, target, options)
    } catch (error) {
      const lacked = lackedOf(plan, error).filter(({ digest }) => !brought.has(digest))
      if (lacked.length === 0) throw stillLacking(error, brought)
      for (const { digest } of lacked) brought.add(digest)
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

function stillLacking(error: unknown, brought: ReadonlySet<string>): unknown {
  if (!(error instanceof DistError) || error.lacks === undefined) return error
  const { code, message, lacks } = error
  const unnamed = lacks.filter((digest) => !message.includes(digest))
  if (unnamed.length === 0) return error
  const more = unnamed.length > maxNamed ? ` and ${unnamed.length - maxNamed} more` : ''
  const sent = lacks.some((digest) => brought.has(digest))
    ? ', although it was sent twice: ask who runs the registry'
    : ''
  return new DistError(code, `${message}; it lacks ${unnamed.slice(0, maxNamed).join(', ')}${more}${sent}`, {
    cause: error,
    lacks,
  })
}
