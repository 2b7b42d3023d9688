import type { RecentPage, RecentPages } from './pages.js'

/** Decides when a page of a listing costs less than the requests that it saves, and where it begins. */
export interface ListingPlan {
  /** Called once for each question without an answer. */
  asked(now: number): void
  /** Called for such a question: the key after which to list now; undefined: ask for this key alone. */
  next(key: string, pages: RecentPages, now: number): string | undefined
  listed(page: RecentPage): void
}

/** A page of 1,000 keys costs about as much as so many requests for one key. */
const pageCost = 10

/** The highest number of questions that go unanswered before another page is tried. */
const mostQuestions = 1_000

/**
 * For keys that are hashes: a page answers its share of all questions, whichever page it is. It is worth its cost if as many
 * questions without an answer come as in the last `age` milliseconds.
 */
export class UniformPlan implements ListingPlan {
  #asked = 0
  #since = Number.NEGATIVE_INFINITY
  /** The share of all keys that a page has, by the last one. */
  #share = 1

  constructor(private readonly age: number) {}

  asked(now: number): void {
    if (now - this.#since > this.age) {
      this.#asked = 0
      this.#since = now
    }
    this.#asked++
  }

  next(_key: string, pages: RecentPages, now: number): string | undefined {
    if (this.#share * this.#asked < pageCost) return undefined
    return pages.end('', now)
  }

  listed({ after, to }: RecentPage): void {
    if (to !== undefined) this.#share = positionOf(to) - positionOf(after)
    else if (after === '') this.#share = 1
  }
}

/** The position of a hash among all hashes, from 0 to 1. */
function positionOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 8).padEnd(8, '0'), 16) / 2 ** 32
}

/**
 * For keys that are asked for together with their neighbors. Lists from the beginning of a group of keys and on from there, as
 * long as the pages answer as many questions as they cost. Otherwise it lists from the key, and after more and more questions.
 */
export class NeighborPlan implements ListingPlan {
  #unanswered = 0
  #least = pageCost
  #last: RecentPage | undefined

  /** `groupOf`: a position before all keys of the key's group. */
  constructor(private readonly groupOf: (key: string) => string) {}

  asked(): void {}

  next(key: string, pages: RecentPages, now: number): string | undefined {
    if (++this.#unanswered < this.#least) return undefined
    this.#unanswered = 0
    const useful = this.#last === undefined || this.#last.answered >= pageCost
    this.#least = useful ? pageCost : Math.min(2 * this.#least, mostQuestions)
    return useful ? pages.end(this.groupOf(key), now) : key.slice(0, -1)
  }

  listed(page: RecentPage): void {
    this.#last = page
  }
}
