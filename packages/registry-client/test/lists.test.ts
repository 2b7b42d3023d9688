import { digestOf } from '@dist/oci'
import type { DatedTag, RepositoriesOptions } from '@dist/remotes'
import { dockerHubApi, faults, harborApi, listed, type ScriptedRegistry } from '@dist/testkit'
import { describe, expect, test } from 'vitest'
import type { Credentials, RegistryOptions } from '../src/index.js'
import { client, scripted } from './support.js'

const catalog = { path: '/v2/_catalog' }
const digest = digestOf('image')
const days = (count: number) =>
  Array.from({ length: count }, (_, day) => new Date(day * 86_400_000).toISOString())
const datedTags = (...times: string[]) =>
  Object.fromEntries(times.map((pushed, index) => [`v${index}`, { digest, pushed }]))

async function repositoriesOf(
  host: string,
  options: RepositoriesOptions = {},
  registryOptions: RegistryOptions = {},
): Promise<string[]> {
  const found: string[] = []
  for await (const name of client(registryOptions).repositories(host, options)) found.push(name)
  return found
}

async function collectTags(tags: AsyncIterable<DatedTag> | undefined): Promise<DatedTag[]> {
  const found: DatedTag[] = []
  for await (const tag of tags ?? []) found.push(tag)
  return found
}

function passwordFor(host: string, username: string, password: string): Credentials {
  return async (asked) => (asked === host ? { kind: 'password', username, password } : undefined)
}

describe('by the catalogue', () => {
  test.each(['relative', 'query', 'absolute'] as const)('follows links that are %s', async (link) => {
    const registry = await scripted()
    registry.script(catalog, listed('repositories', ['a', 'b/c', 'd'], { pageSize: 2, link }))
    expect(await repositoriesOf(registry.host)).toEqual(['a', 'b/c', 'd'])
    expect(registry.received(catalog)).toHaveLength(2)
  })

  test('skips and reports names that no repository may have', async () => {
    const registry = await scripted()
    const names = ['a', '../b', 'A', 'c//d', 'e/', `${'x'.repeat(256)}`, 'f?g', 'h']
    registry.script(catalog, listed('repositories', names, {}))
    const invalid: string[] = []
    expect(await repositoriesOf(registry.host, { onInvalid: (name) => invalid.push(name) })).toEqual([
      'a',
      'h',
    ])
    expect(invalid).toEqual(names.slice(1, -1))
  })

  test('R25 refuses a page at another host, and sends nothing there', async () => {
    const other = await scripted()
    const registry = await scripted()
    const [body, link] = ['{"repositories":["a"]}', `<${other.url}/v2/_catalog?last=a>; rel="next"`]
    registry.script(catalog, faults.status(200, { link }, body))
    await expect(repositoriesOf(registry.host)).rejects.toMatchObject({ code: 'MALFORMED' })
    expect(other.requests).toEqual([])
  })

  test('asks for a token of the catalogue', async () => {
    const registry = await scripted({ auth: {} })
    registry.content.putManifest('a/b', '{}', 'application/json', '1')
    expect(await repositoriesOf(registry.host)).toEqual(['a/b'])
    const scopes = registry.received({ path: '/token' }).map(({ query }) => query.get('scope'))
    expect(scopes).toEqual(['registry:catalog:*'])
  })

  test.each([401, 403, 404, 405])('%s: the error names the other ways', async (status) => {
    const registry = await scripted()
    registry.script(catalog, faults.status(status))
    await expect(repositoriesOf(registry.host)).rejects.toThrow(/discovery: catalog, docker-hub, harbor/)
    await expect(repositoriesOf(registry.host, { discovery: 'catalog' })).rejects.toThrow(
      /name the repositories/,
    )
  })

  test('a temporary failure names no other way', async () => {
    const registry = await scripted()
    registry.script(catalog, faults.status(503))
    await expect(repositoriesOf(registry.host)).rejects.not.toThrow(/discovery/)
  })
})

describe("by Harbor's API", () => {
  const repositories = {
    'team/app': datedTags(...days(250)),
    'team/tools/lint': datedTags('2026-01-02T03:04:05.678Z'),
    'other/app': {},
  }
  const login = ['robot$team', 'secret'] as const

  async function harbor(options: { login?: typeof login } = {}): Promise<ScriptedRegistry> {
    const registry = await scripted()
    registry.script({ path: /^\/api\/v2\.0\// }, harborApi({ repositories, ...options }))
    registry.script(catalog, faults.status(401, { 'www-authenticate': 'Basic realm="harbor"' }))
    return registry
  }

  test('lists one project, and all of them', async () => {
    const { host } = await harbor()
    const all = await repositoriesOf(host, { discovery: 'harbor' })
    expect(all).toEqual(['team/app', 'team/tools/lint', 'other/app'])
    const team = await repositoriesOf(host, { discovery: 'harbor', under: 'team/tools' })
    expect(team).toEqual(['team/app', 'team/tools/lint'])
  })

  test('is found where a Harbor refuses its catalogue', async () => {
    const { host } = await harbor()
    expect(await repositoriesOf(host, { under: 'other' })).toEqual(['other/app'])
  })

  test('sends the credentials of the registry, to its own host', async () => {
    const { host } = await harbor({ login })
    const credentials = passwordFor(host, ...login)
    expect(await repositoriesOf(host, { under: 'team' }, { credentials })).toHaveLength(2)
    await expect(repositoriesOf(host, { discovery: 'harbor' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  test('lists tags with digests and dates, over all pages', async () => {
    const registry = await harbor()
    const locator = { host: registry.host, repository: 'team/tools/lint' }
    const pushed = Date.parse('2026-01-02T03:04:05.678Z')
    expect(await collectTags(client().datedTags(locator, { discovery: 'harbor' }))).toEqual([
      { tag: 'v0', digest, pushed },
    ])
  })

  test('a list that ends before its total is an error', async () => {
    const registry = await harbor()
    registry.script(
      { path: '/repositories' },
      faults.status(200, { 'x-total-count': '3' }, '[{"name":"a/b"}]'),
    )
    await expect(repositoriesOf(registry.host, { discovery: 'harbor' })).rejects.toThrow(/ends after 1 of 3/)
  })
})

describe("by Docker Hub's API", () => {
  const names = Array.from({ length: 130 }, (_, n) => `library/r${n}`)
  const repositories = {
    ...Object.fromEntries(names.map((name) => [name, {}])),
    'other/app': {},
    'library/dated': datedTags(...days(230)),
  }
  const login = ['someone', 'secret'] as const

  async function hub(options: { login?: typeof login } = {}) {
    const registry = await scripted()
    registry.script({}, dockerHubApi({ repositories, ...options }))
    const hosts: RegistryOptions['hosts'] = async ({ host }) =>
      host === 'hub.docker.com' ? [{ url: `${registry.url}/v2`, capabilities: ['resolve'] }] : []
    return { registry, hosts }
  }

  test('lists a namespace over all pages', async () => {
    const { registry, hosts } = await hub()
    expect(await repositoriesOf('docker.io', { under: 'library' }, { hosts })).toEqual([
      ...names,
      'library/dated',
    ])
    expect(registry.requests).toHaveLength(2)
  })

  test('lists tags with digests and dates', async () => {
    const { hosts } = await hub()
    const tags = await collectTags(
      client({ hosts }).datedTags({ host: 'docker.io', repository: 'library/dated' }),
    )
    expect(tags).toHaveLength(230)
    expect(tags[229]).toEqual({ tag: 'v229', digest, pushed: 229 * 86_400_000 })
  })

  test('sends the credentials of docker.io nowhere else', async () => {
    const { registry, hosts } = await hub({ login })
    const asked: string[] = []
    const credentials: Credentials = async (host) => {
      asked.push(host)
      return undefined
    }
    expect(await repositoriesOf('docker.io', { under: 'library' }, { hosts, credentials })).toEqual([])
    expect(asked).toEqual(['hub.docker.com'])
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  test('logs in once with the credentials of hub.docker.com', async () => {
    const { registry, hosts } = await hub({ login })
    const registryClient = client({ hosts, credentials: passwordFor('hub.docker.com', ...login) })
    for (const under of ['library', 'other'])
      for await (const name of registryClient.repositories('docker.io', { under }))
        expect(name).toContain(under)
    expect(registry.received({ path: '/auth/token' })).toHaveLength(1)
  })

  test('an error of the login does not contain the secret', async () => {
    const { hosts } = await hub({ login })
    const credentials = passwordFor('hub.docker.com', 'someone', 'other-secret')
    const failed = repositoriesOf('docker.io', { under: 'library' }, { hosts, credentials })
    await expect(failed).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(failed).rejects.not.toThrow(/other-secret/)
  })

  test('refuses a list of all namespaces, and of other hosts', async () => {
    const { hosts } = await hub()
    await expect(repositoriesOf('docker.io', {}, { hosts })).rejects.toThrow(/one namespace at a time/)
    const elsewhere = repositoriesOf('127.0.0.1:1', { discovery: 'docker-hub', under: 'a' }, { hosts })
    await expect(elsewhere).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

test('no dates are known of other registries', () => {
  expect(client().datedTags({ host: '127.0.0.1:1', repository: 'a/b' })).toBeUndefined()
})
