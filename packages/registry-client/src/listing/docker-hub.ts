import { DistError } from '@dist/errdefs'
import { isRecord, parseDocument } from '@dist/oci'
import { formatLocator, isRepository, isTag, type Locator } from '@dist/reference'
import type { DatedTag, DatedTagsOptions, RepositoriesOptions } from '@dist/remotes'
import { readWhole } from '../manifest.js'
import { registryItself } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import type { ListsContext } from './lists.js'
import { distinct, documentOf, type Entries, endsEarly, listIn } from './names.js'
import { apiOperation, apiRequest, datedTag, pageSize } from './own-api.js'
import { pagesFrom } from './pages.js'

/** Docker Hub's own API is at another host than its registry. */
const hubHost = 'hub.docker.com'

/**
 * Docker Hub's own API. It gets the credentials of `hub.docker.com`, never those of `docker.io`; without any it lists what
 * is public.
 */
export class DockerHub {
  /** The login endpoint is limited: one token for all lists. */
  #login: Promise<string | undefined> | undefined

  constructor(private readonly context: ListsContext) {}

  async *repositories(
    host: string,
    { under = '', signal, onInvalid }: RepositoriesOptions,
  ): AsyncGenerator<string, void> {
    const [namespace = ''] = under.split('/', 1)
    const what = `repositories of ${host}${namespace === '' ? '' : `/${namespace}`}`
    if (host !== 'docker.io')
      throw new DistError('INVALID_ARGUMENT', `${what}: the API of Docker Hub lists docker.io only`)
    if (namespace === '')
      throw new DistError(
        'INVALID_ARGUMENT',
        `${what}: Docker Hub lists one namespace at a time: begin the pattern with it (docker.io/library/*)`,
      )
    const operation = await this.#operation(what, signal)
    const entries = resultsOf(operation, `/namespaces/${namespace}/repositories`)
    const nameOf = (entry: unknown) => `${namespace}/${isRecord(entry) ? String(entry.name) : ''}`
    for await (const entry of distinct(entries, { what, nameOf, isValid: isRepository, onInvalid }))
      yield nameOf(entry)
  }

  async *tags(locator: Locator, { signal, onInvalid }: DatedTagsOptions): AsyncGenerator<DatedTag, void> {
    const [namespace = '', ...names] = locator.repository.split('/')
    const what = `tags of ${formatLocator(locator)}`
    const operation = await this.#operation(what, signal)
    const path = `/namespaces/${namespace}/repositories/${encodeURIComponent(names.join('/'))}/tags`
    const results = resultsOf(operation, path)
    const entries = async function* () {
      for await (const { page, entries } of results)
        yield { page, entries: entries.filter(isRecord).map(tagOf) }
    }
    yield* distinct(entries(), { what, nameOf: ({ tag }) => tag, isValid: isTag, onInvalid })
  }

  async #operation(what: string, signal: AbortSignal | undefined): Promise<Operation> {
    const { transport, endpointsFor } = this.context
    const locator = { host: hubHost, repository: '' }
    const endpoint = registryItself(await endpointsFor(locator))
    const anonymous = { transport, endpoint, authorization: undefined, signal }
    this.#login ??= this.#token(apiOperation({ ...anonymous, what: `login at ${hubHost}` }))
    this.#login.catch(() => {
      this.#login = undefined
    })
    return apiOperation({ ...anonymous, authorization: await this.#login, what })
  }

  async #token(operation: Operation): Promise<string | undefined> {
    const credential = await this.context.credentials?.(hubHost)
    if (credential?.kind !== 'password') return undefined
    const { username: identifier, password: secret } = credential
    const body = Buffer.from(JSON.stringify({ identifier, secret }))
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const response = await operation.send({
      method: 'POST',
      path: '/auth/token',
      headers,
      body,
      optional: true,
    })
    const answer = parseDocument(await readWhole(response, operation.what), operation.what)
    const token = isRecord(answer) ? answer.access_token : undefined
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`
    throw new DistError('MALFORMED', `${operation.what}: answer has no token`)
  }
}

/** The pages of `results`; `next` in the document names the next one. */
async function* resultsOf(operation: Operation, path: string): AsyncGenerator<Entries<unknown>, void> {
  const request = apiRequest(`${path}?page_size=${pageSize}`)
  const { what } = operation
  let seen = 0
  let last: Record<string, unknown> = {}
  const next = () => (typeof last.next === 'string' ? last.next : undefined)
  for await (const page of pagesFrom(operation, request, await operation.send(request), { next })) {
    const document = documentOf(page, what)
    const entries = listIn(document, 'results', what)
    last = isRecord(document) ? document : {}
    seen += entries.length
    yield { page, entries }
  }
  const { count } = last
  if (typeof count === 'number' && seen < count) throw endsEarly(what, seen, count)
}

function tagOf({ name, digest, tag_last_pushed, last_updated }: Record<string, unknown>): DatedTag {
  return datedTag(name, digest, tag_last_pushed ?? last_updated)
}
