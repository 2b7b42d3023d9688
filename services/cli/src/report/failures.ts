import { sanitize } from '@dist/errdefs'
import type { ImageReport } from '@dist/runs'
import { failureOf, shownName } from '../output/names.js'
import type { Remark } from '../progress/run/remark.js'

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

/** Failures of one cause, when they are at least so many, are told in one line. */
const groupedFrom = 3

/** So many of their names stand in that line. */
const named = 2

/** Causes that are told apart; what fails beyond them is only counted. */
const causesAtMost = 100

interface Group {
  count: number
  /** The first ones: enough to tell them one by one where they stay few. */
  readonly first: ImageReport[]
}

/** Gathers why images failed, in bounded memory. */
export class Causes {
  readonly #groups = new Map<string, Group>()
  #beyond = 0

  add(image: ImageReport): void {
    const cause = causeOf(image)
    const group = this.#groups.get(cause)
    if (group !== undefined) {
      group.count++
      if (group.first.length < groupedFrom) group.first.push(image)
    } else if (this.#groups.size < causesAtMost) this.#groups.set(cause, { count: 1, first: [image] })
    else this.#beyond++
  }

  /** Failures that no line tells of. */
  get beyond(): number {
    return this.#beyond
  }

  /** `each`: the lines of one image's failure, for causes that few share. */
  lines(each: (image: ImageReport) => readonly string[]): string[] {
    return [...this.#groups].flatMap(([cause, { count, first }]) =>
      count < groupedFrom ? first.flatMap(each) : [`${count} images: ${cause} (${namesOf(first, count)})`],
    )
  }
}

/** The error without the image's own name: the same for all that failed for the same reason. */
export function causeOf({ reference, error }: Pick<ImageReport, 'reference' | 'error'>): string {
  const message = sanitize(error?.message ?? 'no reason is known', 500)
  const own = `${shownName(reference)}: `
  return message.startsWith(own) ? message.slice(own.length) : message
}

function namesOf(images: readonly ImageReport[], count: number): string {
  const names = images.slice(0, named).map(({ reference }) => shownName(reference))
  return `${names.join(', ')} and ${count - names.length} more`
}
