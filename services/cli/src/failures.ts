import { sanitize } from '@dist/errdefs'
import { causeOf } from './actions/mirror/causes.js'
import { failureOf } from './actions/names.js'
import type { Remark } from './progress/run/remark.js'

/** What failed, as far as its cause is told by it. */
export interface Failed {
  readonly reference: string
  readonly message: string
}

const digests = /\b([a-z0-9]+:)[0-9a-f]{32,}\b/g
const durations = /\b\d+(?:\.\d+)? ?(?:ms|s|min|h)\b/g

/** What the failures of several images have in common: what they are told by, without digests and times. */
export function sharedCause({ reference, message }: Failed): string {
  const cause = causeOf({ reference, error: { code: 'INTERNAL', message } })
  return sanitize(cause.replaceAll(reference, '…').replace(digests, '$1…').replace(durations, '…'), 300)
}

/** Groups failures by their cause, in the order in which the causes appear. */
export class FailureGroups {
  readonly #groups = new Map<string, { count: number; readonly first: Failed }>()

  add(failed: Failed): void {
    const cause = sharedCause(failed)
    const group = this.#groups.get(cause)
    if (group === undefined) this.#groups.set(cause, { count: 1, first: failed })
    else group.count++
  }

  /** A line for each cause: one image by its name, several by their number. */
  remarks(): Remark[] {
    return [...this.#groups].map(([cause, { count, first }]) => ({
      key: cause,
      stamp: count,
      text:
        count === 1 ? failureOf(first.reference, sanitize(first.message, 300)) : `${count} images: ${cause}`,
    }))
  }
}
