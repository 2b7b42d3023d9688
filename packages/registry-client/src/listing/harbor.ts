import { isRecord } from '@dist/oci'
import { formatLocator, isRepository, isTag, type Locator } from '@dist/reference'
import type { DatedTag, DatedTagsOptions, RepositoriesOptions } from '@dist/remotes'
import { basicAuthorization } from '../auth/credential.js'
import { repositoryAt } from '../endpoint.js'
import { parseSize } from '../http/headers.js'
import { readWhole } from '../manifest.js'
import { registryItself } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import type { ListsContext } from './lists.js'
import { distinct, documentOf, type Entries, endsEarly, listOf } from './names.js'
import { apiOperation, apiRequest, datedTag, pageSize } from './own-api.js'
import { pagesFrom } from './pages.js'

/** Harbor's own API, at the host of its registry and with the same credentials. It lists what the user may see. */
export class Harbor {
  constructor(private readonly context: ListsContext) {}

  /** Whether a host answers as a Harbor. */
  async isAt(host: string, signal: AbortSignal | undefined): Promise<boolean> {
    const operation = await this.#operation({ host, repository: '' }, `API of ${host}`, signal, false)
    const answer = await operation.probe({ ...apiRequest('/ping'), headers: { accept: 'text/plain' } })
    if (answer instanceof Error) return false
    return (
      Buffer.from(await readWhole(answer, operation.what))
        .toString('latin1')
        .trim() === 'Pong'
    )
  }

  async *repositories(
    host: string,
    { under = '', signal, onInvalid }: RepositoriesOptions,
  ): AsyncGenerator<string, void> {
    const [project = ''] = under.split('/', 1)
    const what = `repositories of ${host}${project === '' ? '' : `/${project}`}`
    const operation = await this.#operation({ host, repository: under }, what, signal)
    const path = project === '' ? '/repositories' : `/projects/${project}/repositories`
    const nameOf = (entry: unknown) => (isRecord(entry) ? String(entry.name) : '')
    const options = { what, nameOf, isValid: isRepository, onInvalid }
    for await (const entry of distinct(entriesOf(operation, path), options)) yield nameOf(entry)
  }

  async *tags(locator: Locator, { signal, onInvalid }: DatedTagsOptions): AsyncGenerator<DatedTag, void> {
    const what = `tags of ${formatLocator(locator)}`
    const operation = await this.#operation(locator, what, signal)
    const [project = '', ...names] = repositoryAt(operation.endpoint, locator.repository).split('/')
    // Encoded twice: Harbor takes a slash in the name of a repository in this form only.
    const repository = encodeURIComponent(encodeURIComponent(names.join('/')))
    const artifacts = entriesOf(operation, `/projects/${project}/repositories/${repository}/artifacts`)
    const entries = async function* () {
      for await (const { page, entries } of artifacts) yield { page, entries: entries.flatMap(tagsOf) }
    }
    yield* distinct(entries(), { what, nameOf: ({ tag }) => tag, isValid: isTag, onInvalid })
  }

  async #operation(
    locator: Locator,
    what: string,
    signal: AbortSignal | undefined,
    withLogin = true,
  ): Promise<Operation> {
    const { transport, endpointsFor, credentials } = this.context
    const registry = registryItself(await endpointsFor(locator))
    const endpoint = { ...registry, url: `${registry.url.replace(/\/v2$/, '')}/api/v2.0` }
    const repository = repositoryAt(registry, locator.repository)
    const credential = withLogin ? await credentials?.(new URL(registry.url).host, { repository }) : undefined
    const authorization =
      credential?.kind === 'password'
        ? basicAuthorization(credential.username, credential.password)
        : undefined
    return apiOperation({ transport, endpoint, authorization, what, signal })
  }
}

/** The pages of a list, which is the whole document. `X-Total-Count` has the number of all entries. */
async function* entriesOf(operation: Operation, path: string): AsyncGenerator<Entries<unknown>, void> {
  const request = apiRequest(`${path}?page_size=${pageSize}`)
  let seen = 0
  let total: number | undefined
  for await (const page of pagesFrom(operation, request, await operation.send(request))) {
    const entries = listOf(documentOf(page, operation.what), operation.what)
    seen += entries.length
    total = parseSize([page.response.headers['x-total-count']].flat()[0])
    yield { page, entries }
  }
  if (total !== undefined && seen < total) throw endsEarly(operation.what, seen, total)
}

function tagsOf(artifact: unknown): DatedTag[] {
  if (!isRecord(artifact) || !Array.isArray(artifact.tags)) return []
  return artifact.tags
    .filter(isRecord)
    .map(({ name, push_time }) => datedTag(name, artifact.digest, push_time ?? artifact.push_time))
}
