import { sanitize } from '@dist/errdefs'
import { failureOf } from './actions/names.js'
import type { Remark } from './progress/run/remark.js'

/** What failed, as far as its cause is told by it. */
export interface Failed {
  readonly reference: string
  readonly message: string
}

const digests = /\b([a-z0-9]+:)[0-9a-f]{32,}\b/g
const durations = /\b\d+(?:\.\d+)? ?(?:ms|s|min|h)\b/g

/** What the failures of several images have in common: their names, digests and times left out. */
export function causeOf({ reference, message }: Failed): string {
  const own = message.startsWith(`${reference}: `) ? message.slice(reference.length + 2) : message
  return sanitize(own.replaceAll(reference, '…').replace(digests, '$1…').replace(durations, '…'), 300)
}

/** Groups failures by their cause, in the order in which the causes appear. */
export class FailureGroups {
  readonly #groups = new Map<string, { count: number; readonly first: Failed }>()

  add(failed: Failed): void {
    const cause = causeOf(failed)
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
