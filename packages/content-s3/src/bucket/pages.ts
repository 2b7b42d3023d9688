import { DistError } from '@dist/errdefs'

/** One answer to a listing. */
export interface Page<Item, From> {
  readonly items: readonly Item[]
  /** Whether the server says that there is more. */
  readonly isTruncated: boolean | undefined
  /** Where the server says to go on; undefined where it does not say. */
  readonly next: From | undefined
}

/** A listing of which a server gives a page at a time. */
export interface Listing<Item, From> {
  /** For the error, as `listing s3://bucket/key`. */
  readonly subject: string
  ask(from: From | undefined): Promise<Page<Item, From>>
  /** How to ask for what comes behind an item, without the server's help. */
  after(item: Item): From
  /** The order in which servers list. */
  compare(a: Item, b: Item): number
  /** Tells apart items that compare as equal. */
  idOf?(item: Item): string
}

/**
 * All items of a listing. Where the server says that there is more and not how to get it, it is asked for what comes
 * behind the last item. Throws `MALFORMED` where that does not lead on: a part never passes for all, and nothing is
 * listed for ever.
 */
export async function* listAll<Item, From extends object>(
  listing: Listing<Item, From>,
): AsyncGenerator<Item, void, undefined> {
  let from: From | undefined
  let behind: Behind<Item> | undefined
  for (;;) {
    const { items, isTruncated, next } = await listing.ask(from)
    if (behind?.has(items) === false) throw stuck(listing.subject)
    yield* items
    if (!(isTruncated ?? next !== undefined)) return
    const last = items.at(-1)
    const way = next ?? (last === undefined ? undefined : listing.after(last))
    if (way === undefined || isSame(way, from)) throw stuck(listing.subject)
    // A server's own way need not follow an order.
    behind = next === undefined ? new Behind(listing, items) : undefined
    from = way
  }
}

/** What comes behind a page. */
class Behind<Item> {
  readonly #last: Item
  /** Of what compares as equal to the last. */
  readonly #ids: ReadonlySet<string>

  constructor(
    private readonly listing: Pick<Listing<Item, object>, 'compare' | 'idOf'>,
    page: readonly Item[],
  ) {
    this.#last = page.at(-1) as Item
    const equal = page.filter((item) => listing.compare(item, this.#last) === 0)
    this.#ids = new Set(equal.map((item) => this.#idOf(item)))
  }

  has(items: readonly Item[]): boolean {
    return items.every((item) => {
      const order = this.listing.compare(item, this.#last)
      return order > 0 || (order === 0 && !this.#ids.has(this.#idOf(item)))
    })
  }

  #idOf(item: Item): string {
    return this.listing.idOf?.(item) ?? ''
  }
}

function isSame(a: object, b: object | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function stuck(subject: string): DistError {
  return new DistError(
    'MALFORMED',
    `${subject}: the server says that there is more, and gives no way to it; what it shows is a part: update the server`,
  )
}

/** The order of S3's listings: that of the keys' bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
