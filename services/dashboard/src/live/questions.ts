import { type Route, routes } from '@dist/api'
import { DistError, sanitize } from '@dist/errdefs'
import { checked } from '../api/checked.js'
import type { Handlers } from '../api/mount.js'

/** What an operation that reads is asked, without its request. */
type Ask = (asked: { readonly params: object; readonly query: unknown }) => Promise<unknown>

interface Readable {
  readonly id: string
  readonly route: Route
  readonly pattern: RegExp
}

/** The operations that can be asked again and again: their answer depends on nothing but what is asked. */
const readable: readonly Readable[] = Object.entries<Route>(routes)
  .filter(([, { method, scope, events }]) => method === 'GET' && scope === 'read' && events !== true)
  .map(([id, route]) => ({
    id,
    route,
    pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }))

/** Paths have no host: it only completes them. */
const base = 'http://dashboard'

/**
 * What answers a path with its query (`/runs?state=running`). Throws `NOT_FOUND` for what is no operation that reads, and
 * `INVALID_ARGUMENT` for a query that it does not take.
 */
export function questionOf(path: string, handlers: Handlers): () => Promise<unknown> {
  const url = parsed(path)
  for (const { id, route, pattern } of readable) {
    const match = pattern.exec(url.pathname)
    if (match === null) continue
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decoded(value)]),
    )
    const given = Object.fromEntries(url.searchParams)
    const query = route.query === undefined ? undefined : checked(route.query, given, 'query')
    const handle = handlers[id as keyof Handlers] as Ask
    return () => handle({ params, query })
  }
  throw new DistError('NOT_FOUND', `${sanitize(path, 200)}: no operation that reads has this path`)
}

function parsed(path: string): URL {
  const url = URL.canParse(path, base) ? new URL(path, base) : undefined
  if (url?.origin === base) return url
  throw new DistError('INVALID_ARGUMENT', `${sanitize(path, 200)}: a path is expected`)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new DistError('INVALID_ARGUMENT', `${sanitize(text, 200)}: not encoded as a part of a path`, {
      cause,
    })
  }
}
