/** What an answer shows of an object. */
export interface SeenObject {
  /** Bytes. */
  readonly size: number
  /** Without quotes. The MD5 of the content on some servers and for some objects, and never a proof that it is not. */
  readonly etag: string | undefined
}

/** An answer about one key: the object, or undefined where there was none. */
export interface Answer {
  readonly object: SeenObject | undefined
}

/** A part of a listing: all keys after `after`, up to `to`. */
export interface RecentPage {
  readonly after: string
  /** Undefined: up to the last key. */
  readonly to: string | undefined
  readonly objects: ReadonlyMap<string, SeenObject>
  /** The time of the request. */
  readonly at: number
  /** How many questions it has answered. */
  answered: number
}

/** The most pages that are kept, which bounds memory and requests. A page has up to 1,000 keys. */
const maxPages = 64

/** Pages of a listing that are at most `age` milliseconds old. Keys are compared as in listings: they must be ASCII. */
export class RecentPages {
  /** The oldest one first. */
  #pages: RecentPage[] = []

  constructor(private readonly age: number) {}

  /** Whether no page can be added before the oldest one is too old. */
  isFull(now: number): boolean {
    this.#drop(now)
    return this.#pages.length >= maxPages
  }

  add(page: RecentPage): void {
    this.#pages.push(page)
  }

  /** The newest page that answers for a key. */
  find(key: string, now: number): RecentPage | undefined {
    this.#drop(now)
    return this.#pages.findLast((page) => key > page.after && (page.to === undefined || key <= page.to))
  }

  /** The first position from `after` on that no page reaches beyond; undefined where pages reach to the last key. */
  end(after: string, now: number): string | undefined {
    this.#drop(now)
    let position = after
    for (;;) {
      const reached = position
      const next = this.#pages.find(
        (page) => page.after <= reached && (page.to === undefined || page.to > reached),
      )
      if (next === undefined) return position
      if (next.to === undefined) return undefined
      position = next.to
    }
  }

  #drop(now: number): void {
    while (this.#pages[0] !== undefined && now - this.#pages[0].at > this.age) this.#pages.shift()
  }
}
