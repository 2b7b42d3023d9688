/** What the page shows. Each place has a URL, and each URL of the page a place. */
export type Place =
  | { readonly view: 'overview' }
  | ({ readonly view: 'runs' } & RunsFilter)
  | ({ readonly view: 'run'; readonly run: string } & ImagesFilter)
  | { readonly view: 'image'; readonly run: string; readonly index: string }
  | { readonly view: 'services' }
  | { readonly view: 'hosts' }
  | { readonly view: 'schedules' }
  | ({ readonly view: 'preview'; readonly schedule?: string | undefined } & PreviewFields)
  | ({ readonly view: 'store' } & StoreFilter)
  | { readonly view: 'stored'; readonly name: string }
  | { readonly view: 'sign-in'; readonly to?: string | undefined }
  | { readonly view: 'unknown' }

/** Which runs are listed. `cursor`: the page of the list. */
export interface RunsFilter {
  readonly state?: string | undefined
  readonly schedule?: string | undefined
  readonly cursor?: string | undefined
}

/** Which images of a run are listed. */
export interface ImagesFilter {
  readonly state?: string | undefined
  readonly search?: string | undefined
  readonly cause?: string | undefined
  readonly cursor?: string | undefined
}

/** Which images of the store are listed. */
export interface StoreFilter {
  readonly search?: string | undefined
  /** The digest of content that the images need. */
  readonly needs?: string | undefined
  /** `own`: what frees most first. */
  readonly order?: string | undefined
  readonly cursor?: string | undefined
}

/** The fields of the form of a preview. */
export const previewFields = ['repository', 'include', 'exclude', 'semver', 'newerThan', 'newest'] as const

/** What is typed into them. */
export type PreviewFields = { readonly [Field in (typeof previewFields)[number]]?: string | undefined }

/** The paths at which a server answers with the page. `:name` stands for one part of a path. */
export const pagePaths = [
  '/',
  '/runs',
  '/runs/:run',
  '/runs/:run/images/:index',
  '/services',
  '/hosts',
  '/schedules',
  '/preview',
  '/store',
  '/store/:name',
  '/sign-in',
] as const

const runsFilter = ['state', 'schedule', 'cursor'] as const
const storeFilter = ['search', 'needs', 'order', 'cursor'] as const
const previewQuery = ['schedule', ...previewFields] as const
const imagesFilter = ['state', 'search', 'cause', 'cursor'] as const

/** The place that a path with its query names. */
export function parsePlace(path: string): Place {
  const { pathname, searchParams } = new URL(path, 'http://page')
  const parts = pathname.split('/').filter((part) => part !== '')
  const [view, run, images, index] = parts.map(decoded)
  if (parts.length === 0) return { view: 'overview' }
  if (view === 'sign-in' && run === undefined) return { view, ...filterOf(searchParams, ['to']) }
  if (view === 'preview' && run === undefined) return { view, ...filterOf(searchParams, previewQuery) }
  if (view === 'store' && run === undefined) return { view, ...filterOf(searchParams, storeFilter) }
  if (view === 'store' && run !== undefined && parts.length === 2) return { view: 'stored', name: run }
  if (view === 'runs') {
    if (run === undefined) return { view, ...filterOf(searchParams, runsFilter) }
    if (images === undefined) return { view: 'run', run, ...filterOf(searchParams, imagesFilter) }
    if (images === 'images' && index !== undefined && parts.length === 4) return { view: 'image', run, index }
  } else if ((view === 'services' || view === 'hosts' || view === 'schedules') && run === undefined)
    return { view }
  return { view: 'unknown' }
}

/** The path with the query that names a place. */
export function formatPlace(place: Place): string {
  switch (place.view) {
    case 'overview':
    case 'unknown':
      return '/'
    case 'runs':
      return `/runs${queryOf(place, runsFilter)}`
    case 'run':
      return `/runs/${encodeURIComponent(place.run)}${queryOf(place, imagesFilter)}`
    case 'image':
      return `/runs/${encodeURIComponent(place.run)}/images/${encodeURIComponent(place.index)}`
    case 'sign-in':
      return `/sign-in${queryOf(place, ['to'])}`
    case 'preview':
      return `/preview${queryOf(place, previewQuery)}`
    case 'store':
      return `/store${queryOf(place, storeFilter)}`
    case 'stored':
      return `/store/${encodeURIComponent(place.name)}`
    default:
      return `/${place.view}`
  }
}

function filterOf<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): { readonly [N in Name]?: string } {
  const given = names.flatMap((name) => {
    const value = query.get(name)
    return value === null || value === '' ? [] : [[name, value] as const]
  })
  return Object.fromEntries(given) as { readonly [N in Name]?: string }
}

function queryOf<Name extends string>(
  place: { readonly [N in Name]?: string | undefined },
  names: readonly Name[],
): string {
  const query = new URLSearchParams()
  for (const name of names) if (place[name] !== undefined) query.set(name, place[name])
  return query.size === 0 ? '' : `?${query}`
}

/** A part of a path that is not encoded well stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
