import { ApiError } from '../api-error.js'

/** The query of a list, and what the URL of its next page repeats. */
export interface PageQuery {
  /** The path of the request. */
  readonly path: string
  /** The name in the path; empty for the catalog. */
  readonly name: string
  readonly parameters: URLSearchParams
}

export interface Page {
  readonly items: readonly string[]
  /** The last item, if others follow. */
  readonly last: string | undefined
}

/** The most items of one page, by default. */
const defaultMax = 10_000

/** The items of a list that a request asks for with `n` and `last`, at most `max`. Throws an `ApiError`. */
export function pageOf(
  all: readonly string[],
  { parameters }: PageQuery,
  compare: (a: string, b: string) => number,
  max = defaultMax,
): Page {
  const count = Math.min(readCount(parameters.get('n')) ?? max, max)
  const last = parameters.get('last')
  const sorted = all.toSorted(compare)
  const rest = last === null ? sorted : sorted.filter((item) => compare(item, last) > 0)
  const items = rest.slice(0, count)
  return { items, last: items.length < rest.length ? items.at(-1) : undefined }
}

/** The order of bytes, for texts of ASCII. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** The `Link` header with the URL of the next page. RFC 5988. */
export function nextLink({ path, parameters }: PageQuery, last: string): string {
  const next = new URLSearchParams(parameters)
  next.set('last', last)
  return `<${path}?${next}>; rel="next"`
}

function readCount(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new ApiError('PAGINATION_NUMBER_INVALID', 'n is a whole number')
}
