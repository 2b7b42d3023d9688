import { type DistError, sanitize } from '@dist/errdefs'
import type { Amount } from './amount.js'
import type { GarbageOutcome } from './collect-garbage.js'

/** A manifest that cannot be read. */
interface UnreadManifest {
  /** The image; undefined for what another tool keeps without a name. */
  readonly name?: string | undefined
  readonly digest: string
  readonly error: Pick<DistError, 'code' | 'message'>
}

/** The outcome of a collection of garbage as plain data of bounded size. */
export interface GarbageSummary extends Pick<GarbageOutcome, 'images' | 'deleted' | 'young' | 'needed'> {
  readonly abandoned: Amount
  /** The first ten manifests that cannot be read. */
  readonly unknown: readonly UnreadManifest[]
  /** How many there are. */
  readonly unknownCount: number
}

const namedAtMost = 10
const maxMessage = 500

export function summarizeGarbage({ abandoned, unknown, ...amounts }: GarbageOutcome): GarbageSummary {
  return {
    ...amounts,
    abandoned: { objects: abandoned.length, bytes: abandoned.reduce((sum, { size }) => sum + size, 0) },
    unknown: unknown.slice(0, namedAtMost).map(({ name, desc, error: { code, message } }) => ({
      ...(name === undefined ? {} : { name }),
      digest: desc.digest,
      error: { code, message: sanitize(message, maxMessage) },
    })),
    unknownCount: unknown.length,
  }
}
