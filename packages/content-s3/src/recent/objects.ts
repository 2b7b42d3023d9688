import type { Bucket } from '../bucket/bucket.js'
import { listPage } from '../bucket/list.js'
import { type Answer, RecentPages, type SeenObject } from './pages.js'
import type { ListingPlan } from './plans.js'

/** The most single answers that are kept. */
const maxAnswers = 20_000
/** How many pages a question waits for. */
const maxWaits = 4

/**
 * Answers of at most `age` milliseconds about the objects below a path: those of single requests, and those of listings, which are
 * made when many questions come. Where listings are refused, or not in the order of the keys, it makes no more of them.
 */
export class RecentObjects {
  readonly #pages: RecentPages
  /** The oldest one first. */
  readonly #answers = new Map<string, Answer & { readonly at: number }>()
  readonly #prefix: string
  #listing: Promise<void> | undefined
  #lists = true

  /** Keys begin with the path. What follows must be ASCII. `now`: for tests. */
  constructor(
    private readonly bucket: Bucket,
    path: string,
    private readonly plan: ListingPlan,
    private readonly age: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#pages = new RecentPages(age)
    this.#prefix = bucket.key(path)
  }

  /** Records an answer to a request that was sent at `at`, or a change that this process has made. */
  note(key: string, object: SeenObject | undefined, at = this.now()): void {
    // An answer that came late shows an earlier time.
    if ((this.#answers.get(key)?.at ?? at) > at) return
    this.#answers.delete(key)
    this.#answers.set(key, { object, at })
    const [oldest] = this.#answers.keys()
    if (oldest !== undefined && this.#answers.size > maxAnswers) this.#answers.delete(oldest)
  }

  /** Asks for the object, and records the answer. */
  async ask<T extends { readonly size: number }>(
    key: string,
    request: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const at = this.now()
    const found = await request()
    this.note(key, found && { size: found.size, etag: undefined }, at)
    return found
  }

  /** The answer about a key, or undefined where only a request for it alone can tell. Never fails. */
  async look(key: string): Promise<Answer | undefined> {
    for (let waits = 0; ; waits++) {
      const answer = this.#find(key)
      if (answer !== undefined || waits === maxWaits) return answer
      if (waits === 0) this.plan.asked(this.now())
      const listing = this.#listing ?? this.#start(key)
      if (listing === undefined) return undefined
      await listing
    }
  }

  #find(key: string): Answer | undefined {
    const now = this.now()
    const answer = this.#answers.get(key)
    const single = answer !== undefined && now - answer.at <= this.age ? answer : undefined
    const rest = key.slice(this.#prefix.length)
    const page = this.#pages.find(rest, now)
    if (page === undefined || (single !== undefined && single.at >= page.at)) return single
    page.answered++
    return { object: page.objects.get(rest) }
  }

  #start(key: string): Promise<void> | undefined {
    const now = this.now()
    if (!this.#lists || this.#pages.isFull(now)) return undefined
    const after = this.plan.next(key.slice(this.#prefix.length), this.#pages, now)
    if (after === undefined) return undefined
    this.#listing = this.#list(after).finally(() => {
      this.#listing = undefined
    })
    return this.#listing
  }

  async #list(after: string): Promise<void> {
    const at = this.now()
    try {
      const { items, isTruncated } = await listPage(this.bucket, this.#prefix, after)
      const keys = items.map(({ key }) => key.slice(this.#prefix.length))
      if (!isAscending([after, ...keys])) throw new Error('not in order')
      const objects = new Map(items.map(({ size, etag }, i) => [keys[i] ?? '', { size, etag }]))
      const page = { after, to: isTruncated ? (keys.at(-1) ?? after) : undefined, objects, at, answered: 0 }
      this.#pages.add(page)
      this.plan.listed(page)
    } catch {
      // Requests for single keys tell what is wrong, if it is more than a listing that the server refuses.
      this.#lists = false
    }
  }
}

function isAscending(keys: readonly string[]): boolean {
  return keys.every((key, i) => i === 0 || key > (keys[i - 1] ?? ''))
}
