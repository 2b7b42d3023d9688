import type { Repositories } from './content.js'
import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'
import type { Fault } from './script.js'

/** How a registry names the next page. */
export type LinkForm = 'relative' | 'query' | 'absolute' | 'none'

export interface ListOptions {
  /** Entries of a page. Default: all in one. */
  readonly pageSize?: number | undefined
  /** Default: relative to the host, as distribution writes it. */
  readonly link?: LinkForm | undefined
}

/** What a path of a list names: the tags of a repository, or the catalogue. */
export function parseListPath(path: string): { readonly repository: string | undefined } | undefined {
  if (path === '/v2/_catalog') return { repository: undefined }
  const match = /^\/v2\/(.+)\/tags\/list$/.exec(path)
  return match === null ? undefined : { repository: match[1] }
}

/** Tags of a repository, or the catalogue: in lexical order, so many to a page. */
export function serveList(
  content: Repositories,
  repository: string | undefined,
  request: RecordedRequest,
  options: ListOptions = {},
): Reply {
  if (repository === undefined)
    return listPage('repositories', {}, [...content.repositories()].sort(), request, options)
  const tags = content.tagsOf(repository)
  if (tags === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository name not known to registry')
  return listPage('tags', { name: repository }, [...tags].sort(), request, options)
}

/** Plays a list of names with pages, also of names that no repository has. */
export function listed(
  field: 'tags' | 'repositories',
  names: readonly string[],
  options: ListOptions,
): Fault {
  return (request) => listPage(field, {}, names, request, options)
}

function listPage(
  field: string,
  fixed: object,
  names: readonly string[],
  { path, query, headers: { host } }: RecordedRequest,
  { pageSize = names.length, link = 'relative' }: ListOptions,
): Reply {
  // Opaque, as at ECR.
  const first = Number(/^token:(\d+)$/.exec(query.get('last') ?? 'token:0')?.[1] ?? Number.NaN)
  if (Number.isNaN(first)) return errorReply(405, 'UNSUPPORTED', 'last is not a token')
  const page = names.slice(first, first + pageSize)
  const next = first + pageSize < names.length ? `last=token:${first + pageSize}` : undefined
  const headers =
    next === undefined || link === 'none'
      ? {}
      : { link: `<${linkTo(`http://${host}`, path, next, link)}>; rel="next"` }
  return json({ ...fixed, [field]: page }, headers)
}

function linkTo(origin: string, path: string, query: string, form: LinkForm): string {
  if (form === 'query') return `?${query}`
  return `${form === 'absolute' ? origin : ''}${path}?${query}`
}

/** A repository as Docker Hub or Harbor lists it: its tags with the times at which they were pushed (ISO 8601). */
export type DatedTags = Readonly<Record<string, { readonly digest: string; readonly pushed: string }>>

export interface OwnApi {
  readonly repositories: Readonly<Record<string, DatedTags>>
  /** User and password: without them Docker Hub's lists are empty, and Harbor's refused. Default: all are public. */
  readonly login?: readonly [user: string, password: string] | undefined
}

/** Plays Docker Hub's own API (`hub.docker.com/v2`): namespaces, repositories, tags, login. */
export function dockerHubApi({ repositories, login }: OwnApi): Fault {
  return (request) => {
    const { path } = request
    if (path === '/v2/auth/token') return hubToken(request, login)
    if (login !== undefined && request.headers.authorization !== `Bearer ${hubSession(login)}`)
      return json({ count: 0, next: null, previous: null, results: [] })
    const [, namespace = '', name, isTags] =
      /^\/v2\/namespaces\/([^/]+)\/repositories(?:\/([^/]+)(\/tags))?$/.exec(path) ?? []
    if (isTags === undefined) {
      const names = Object.keys(repositories).filter((repository) => repository.startsWith(`${namespace}/`))
      return hubPage(
        names.map((repository) => ({ name: repository.slice(namespace.length + 1) })),
        request,
      )
    }
    const tags = repositories[`${namespace}/${name}`]
    if (tags === undefined) return json({ message: 'object not found' }, {}, 404)
    const results = Object.entries(tags).map(([tag, { digest, pushed }]) => ({
      name: tag,
      digest,
      tag_last_pushed: pushed,
    }))
    return hubPage(results, request)
  }
}

function hubSession([user, password]: readonly [string, string]): string {
  return Buffer.from(`session of ${user}:${password}`).toString('base64url')
}

function hubToken({ body }: RecordedRequest, login: OwnApi['login']): Reply {
  const { identifier, secret } = JSON.parse(body) as { identifier: string; secret: string }
  if (login === undefined || identifier !== login[0] || secret !== login[1])
    return json({ message: 'Incorrect authentication credentials' }, {}, 401)
  return json({ access_token: hubSession(login) })
}

function hubPage(all: readonly object[], { query, path, headers }: RecordedRequest): Reply {
  const { page, size, results } = slice(all, query)
  const more = page * size < all.length
  const next = more ? `http://${headers.host}${path}?page=${page + 1}&page_size=${size}` : null
  return json({ count: all.length, next, previous: null, results })
}

/** Plays Harbor's own API (`/api/v2.0`): ping, repositories of all projects or of one, artifacts. */
export function harborApi({ repositories, login }: OwnApi): Fault {
  return (request) => {
    const path = request.path.replace(/^\/api\/v2\.0/, '')
    if (path === '/ping') return reply(200, { 'content-type': 'text/plain; charset=utf-8' }, 'Pong')
    const basic = login === undefined ? undefined : `Basic ${Buffer.from(login.join(':')).toString('base64')}`
    if (basic !== request.headers.authorization && basic !== undefined)
      return json({ errors: [{ code: 'UNAUTHORIZED', message: 'unauthorized' }] }, {}, 401)
    const [, project, name] =
      /^(?:\/projects\/([^/]+))?\/repositories(?:\/([^/]+)\/artifacts)?$/.exec(path) ?? []
    if (name === undefined) {
      const names = Object.keys(repositories).filter(
        (repository) => project === undefined || repository.startsWith(`${project}/`),
      )
      return harborPage(
        names.map((repository) => ({ name: repository })),
        request,
      )
    }
    const tags = repositories[`${project}/${decodeURIComponent(decodeURIComponent(name))}`]
    if (tags === undefined) return json({ errors: [{ code: 'NOT_FOUND', message: 'not found' }] }, {}, 404)
    return harborPage(artifactsOf(tags), request)
  }
}

function artifactsOf(tags: DatedTags): object[] {
  const byDigest = new Map<string, object[]>()
  for (const [name, { digest, pushed }] of Object.entries(tags))
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), { name, push_time: pushed }])
  return [...byDigest].map(([digest, named]) => ({ digest, tags: named }))
}

function harborPage(all: readonly object[], { query, path }: RecordedRequest): Reply {
  const { page, size, results } = slice(all, query)
  const links = [
    ...(page > 1 ? [`<${path}?page=${page - 1}&page_size=${size}>; rel="prev"`] : []),
    ...(page * size < all.length ? [`<${path}?page=${page + 1}&page_size=${size}>; rel="next"`] : []),
  ]
  const link = links.length === 0 ? {} : { link: links.join(' , ') }
  return json(results, { 'x-total-count': String(all.length), ...link })
}

/** At most 100 to a page at both. */
function slice(all: readonly object[], query: URLSearchParams) {
  const page = Number(query.get('page') ?? 1)
  const size = Math.min(Number(query.get('page_size') ?? 10), 100)
  return { page, size, results: all.slice((page - 1) * size, page * size) }
}

function json(document: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Reply {
  return reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(document))
}
