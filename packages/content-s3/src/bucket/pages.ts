import { DistError } from '@dist/errdefs'

/** One page of a listing. */
export interface Page<Item, From> {
  readonly items: readonly Item[]
  /** Whether more pages follow, where the server answers it. */
  readonly isTruncated: boolean | undefined
  /** The position of the next page, where the server answers it. */
  readonly next: From | undefined
}

/** A listing that a server answers in pages. */
export interface Listing<Item, From> {
  /** The object of the error: the URL of what is listed. */
  readonly subject: string
  getPage(from: From | undefined): Promise<Page<Item, From>>
  /** The position after an item, for servers that do not answer `next`. */
  after(item: Item): From
  /** The order of listings. */
  compare(a: Item, b: Item): number
  /** Distinguishes items that compare as equal. */
  idOf?(item: Item): string
}

/**
 * All items of a listing. If the server answers that more pages follow, but not their position, the next request starts
 * after the last item. Throws `MALFORMED` if the listing then makes no progress: it never ends early, and never loops.
 */
export async function* listAll<Item, From extends object>(
  listing: Listing<Item, From>,
): AsyncGenerator<Item, void, undefined> {
  let from: From | undefined
  let previous: PageEnd<Item> | undefined
  for (;;) {
    const { items, isTruncated, next } = await listing.getPage(from)
    if (previous?.isFollowedBy(items) === false) throw noProgress(listing.subject)
    yield* items
    if (!(isTruncated ?? next !== undefined)) return
    const last = items.at(-1)
    const position = next ?? (last === undefined ? undefined : listing.after(last))
    if (position === undefined || isSame(position, from)) throw noProgress(listing.subject)
    // Positions of the server need not follow the order.
    previous = next === undefined ? new PageEnd(listing, items) : undefined
    from = position
  }
}

/** The end of a page, to check that the next page continues after it. */
class PageEnd<Item> {
  readonly #last: Item
  /** Ids of the items that compare as equal to the last one. */
  readonly #ids: ReadonlySet<string>

  constructor(
    private readonly listing: Pick<Listing<Item, object>, 'compare' | 'idOf'>,
    page: readonly Item[],
  ) {
    this.#last = page.at(-1) as Item
    const equal = page.filter((item) => listing.compare(item, this.#last) === 0)
    this.#ids = new Set(equal.map((item) => this.#idOf(item)))
  }

  isFollowedBy(items: readonly Item[]): boolean {
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

function noProgress(subject: string): DistError {
  return new DistError(
    'MALFORMED',
    `${subject}: list failed: the server answers that there is more, but not at which position; update the server`,
  )
}

/** The order of S3 listings: by the bytes of the keys. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
