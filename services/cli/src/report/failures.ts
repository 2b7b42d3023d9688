import { sanitize } from '@dist/errdefs'
import { type FailedImage, ownCause, sharedCause, unknownReason } from '@dist/runs'
import { failureOf, shownName } from '../output/format.js'
import type { Remark } from '../progress/run/view.js'

/** A report prints the failures of a group one by one below this number, and in one line from it on. */
const groupedFrom = 3
/** Names of images in the line of a group. */
const namesAtMost = 2
/** Groups that are kept; failures that belong to no group by then are only counted. */
const groupsAtMost = 100

interface Group {
  count: number
  /** The cause in the words of every image of the group; what differs between them is left out. */
  text: string
  readonly first: FailedImage[]
}

/** Groups failed images by their cause, in the order in which the causes appear. Its memory is bounded. */
export class FailureGroups {
  readonly #groups = new Map<string, Group>()
  #beyond = 0

  add(image: FailedImage): void {
    const cause = sharedCause(image)
    const text = ownCause(image)
    const group = this.#groups.get(cause)
    if (group !== undefined) {
      group.count++
      if (group.text !== text) group.text = cause
      if (group.first.length < groupedFrom) group.first.push(image)
    } else if (this.#groups.size < groupsAtMost) this.#groups.set(cause, { count: 1, text, first: [image] })
    else this.#beyond++
  }

  /** Failed images that no group contains. */
  get beyond(): number {
    return this.#beyond
  }

  /** The lines of a report. `each` gives the lines of one image, for small groups. */
  lines(each: (image: FailedImage) => readonly string[]): string[] {
    return [...this.#groups.values()].flatMap(({ count, text, first }) =>
      count < groupedFrom ? first.flatMap(each) : [`${count} images: ${text} (${namesOf(first, count)})`],
    )
  }

  /** A line for each group while a run goes on. */
  remarks(): Remark[] {
    const remarks = [...this.#groups].map(([cause, { count, text, first }]) => ({
      key: cause,
      stamp: count,
      text: count === 1 ? first.map(lineOf).join() : `${count} images: ${text}`,
    }))
    if (this.#beyond === 0) return remarks
    return [...remarks, { key: 'beyond', stamp: this.#beyond, text: `${this.#beyond} more images failed` }]
  }
}

function lineOf({ reference, error }: FailedImage): string {
  return failureOf(reference, sanitize(error?.message ?? unknownReason, 300))
}

function namesOf(images: readonly FailedImage[], count: number): string {
  const names = images.slice(0, namesAtMost).map(({ reference }) => shownName(reference))
  return `${names.join(', ')} and ${count - names.length} more`
}
