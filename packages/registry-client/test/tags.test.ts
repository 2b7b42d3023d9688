import { type Fault, faults, reply, type ScriptedRegistry } from '@dist/testkit'
import { expect, test } from 'vitest'
import type { RegistryOptions } from '../src/index.js'
import { client, refTo, scripted } from './support.js'

const path = '/tags/list'
const list = (tags: unknown) => JSON.stringify({ name: 'a/b', tags })

interface PageOptions {
  /** The URL of a page in `Link`. Default: relative to the request, as distribution writes it. */
  readonly link?: ((query: string) => string) | undefined
  readonly contentType?: string | undefined
}

/** Answers with these pages. `last` is an opaque token, as at ECR: any other value is refused with 405. */
function pages(tags: readonly unknown[], options: PageOptions = {}): Fault {
  const { link = (query) => `/v2/a/b/tags/list?${query}`, contentType = 'application/json' } = options
  return ({ query }) => {
    const token = query.get('last')
    const at = token === null ? 0 : Number(/^token:(\d+)$/.exec(token)?.[1] ?? -1)
    if (at < 0) return reply(405)
    const next = at + 1 < tags.length ? `<${link(`last=token:${at + 1}&n=2`)}>; rel="next"` : undefined
    return reply(200, { 'content-type': contentType, link: next }, list(tags[at]))
  }
}

async function tagsOf(registry: ScriptedRegistry, options: RegistryOptions = {}): Promise<string[]> {
  const found: string[] = []
  for await (const tag of client(options).repository(refTo(registry, 'a/b')).tags()) found.push(tag)
  return found
}

test.each([
  ['relative to the host', undefined],
  ['relative to the request', (query: string) => `list?${query}`],
  ['query only', (query: string) => `?${query}`],
])('follows links that are %s, and lists each tag once', async (_name, link) => {
  const registry = await scripted()
  registry.script({ path }, pages([['3', '1'], ['2', '1'], ['latest']], { link }))
  expect(await tagsOf(registry)).toEqual(['3', '1', '2', 'latest'])
  expect(registry.received({ path })).toHaveLength(3)
})

test('follows a link with the URL of the registry', async () => {
  const registry = await scripted()
  const link = (query: string) => `${registry.url}/v2/a/b/tags/list?${query}`
  registry.script({ path }, pages([['1'], ['2']], { link }))
  expect(await tagsOf(registry)).toEqual(['1', '2'])
})

test('sends neither n nor last of its own: Docker Hub answers with all tags, ECR refuses another last', async () => {
  const registry = await scripted()
  registry.script({ path }, pages([['1']]))
  await tagsOf(registry)
  const [request] = registry.received({ path })
  expect([...(request?.query.keys() ?? [])]).toEqual([])
})

test('requests a page only when the caller needs it', async () => {
  const registry = await scripted()
  registry.script({ path }, pages([['1', '2'], ['3']]))
  for await (const tag of client().repository(refTo(registry, 'a/b')).tags()) if (tag === '2') break
  expect(registry.received({ path })).toHaveLength(1)
})

test('accepts text/plain, as ECR Public sends it', async () => {
  const registry = await scripted()
  registry.script({ path }, pages([['1']], { contentType: 'text/plain; charset=utf-8' }))
  expect(await tagsOf(registry)).toEqual(['1'])
})

test.each([
  ['null', null],
  ['an empty list', []],
])('an empty repository answers with %s', async (_name, tags) => {
  const registry = await scripted()
  registry.script({ path }, pages([tags]))
  expect(await tagsOf(registry)).toEqual([])
})

test('throws NOT_FOUND if the repository does not exist', async () => {
  const registry = await scripted()
  registry.script({ path }, faults.status(404, {}, '{"errors":[{"code":"NAME_UNKNOWN"}]}'))
  await expect(tagsOf(registry)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each([
  ['HTML', '<html></html>'],
  ['no list', '{"tags":"1"}'],
  ['no tags', '{}'],
])('throws MALFORMED for %s', async (_name, body) => {
  const registry = await scripted()
  registry.script({ path }, () => reply(200, { 'content-type': 'application/json' }, body))
  await expect(tagsOf(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('R25 refuses a link to another host, and sends nothing there', async () => {
  const other = await scripted()
  const registry = await scripted()
  const link = (query: string) => `${other.url}/v2/a/b/tags/list?${query}`
  registry.script({ path }, pages([['1'], ['2']], { link }))
  await expect(tagsOf(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(other.requests).toEqual([])
})

test('retries a page after a temporary failure', async () => {
  const registry = await scripted()
  registry.script({ path }, pages([['1'], ['2']]))
  registry.script({ path }, faults.status(503), { after: 1, times: 1 })
  expect(await tagsOf(registry)).toEqual(['1', '2'])
})

test.each([
  ['names the page that it is', (): string => '?'],
  ['names an earlier page', (): string => '?last=1'],
])('a list that %s is an error, never a short list', async (_name, next) => {
  const registry = await scripted()
  registry.script({ path }, ({ query }) =>
    reply(200, { link: `<${next()}>; rel="next"` }, list([query.get('last') ?? '0'])),
  )
  await expect(tagsOf(registry)).rejects.toMatchObject({
    code: 'MALFORMED',
    message: expect.stringContaining('repeats itself'),
  })
  expect(registry.received({ path }).length).toBeLessThan(4)
})

test('a page with entries that were all listed before is an error', async () => {
  const registry = await scripted()
  registry.script({ path }, ({ query }) =>
    reply(200, { link: `<?last=${Number(query.get('last') ?? 0) + 1}>; rel="next"` }, list(['1', '2'])),
  )
  await expect(tagsOf(registry)).rejects.toMatchObject({ code: 'MALFORMED' })
  expect(registry.received({ path })).toHaveLength(2)
})

test('a page that repeats some entries, as when a tag is added meanwhile, is none', async () => {
  const registry = await scripted()
  registry.script(
    { path },
    pages([
      ['1', '2'],
      ['2', '3'],
    ]),
  )
  expect(await tagsOf(registry)).toEqual(['1', '2', '3'])
})

test('skips and reports names that no tag may have', async () => {
  const registry = await scripted()
  registry.script(
    { path },
    pages([
      ['1', '../2', -1, '3\n', ''],
      ['..%2f', '4', '../2'],
    ]),
  )
  const invalid: string[] = []
  const tags: string[] = []
  const repository = client().repository(refTo(registry, 'a/b'))
  for await (const tag of repository.tags({ onInvalid: (name) => invalid.push(name) })) tags.push(tag)
  expect(tags).toEqual(['1', '4'])
  expect(invalid).toEqual(['../2', '-1', '3\n', '', '..%2f'])
})

test('a further page that fails fails the list', async () => {
  const registry = await scripted()
  registry.script({ path }, pages([['1'], ['2']]))
  registry.script({ path }, faults.status(500), { after: 1 })
  await expect(tagsOf(registry)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('asks the registry itself, not its mirrors: a cache may have some of the tags only', async () => {
  const mirror = await scripted()
  const registry = await scripted()
  mirror.script({ path }, pages([['1']]))
  registry.script({ path }, pages([['1', '2']]))
  const endpoint = (url: string) => ({ url: `${url}/v2`, capabilities: ['resolve'] as const })
  const ofMirror = { ...endpoint(mirror.url), mirrorOf: registry.host }
  expect(await tagsOf(registry, { hosts: async () => [ofMirror, endpoint(registry.url)] })).toEqual([
    '1',
    '2',
  ])
  expect(mirror.requests).toEqual([])
  expect(await tagsOf(registry, { hosts: async () => [ofMirror] })).toEqual(['1'])
})

test('reads 60,000 tags in one answer, as Docker Hub sends them', async () => {
  const registry = await scripted()
  const all = Array.from({ length: 60_000 }, (_, n) => `${'v'.repeat(90)}${n}`)
  registry.script({ path }, pages([all]))
  expect(await tagsOf(registry)).toEqual(all)
})

test('asks for a token with the scope of pulls', async () => {
  const registry = await scripted({ auth: {} })
  registry.script({ path }, async (request, proper) => {
    const answer = await proper()
    return answer.status === 401 ? answer : pages([['1']])(request, proper)
  })
  expect(await tagsOf(registry)).toEqual(['1'])
  expect(registry.received({ path: '/token' }).map(({ query }) => query.getAll('scope'))).toEqual([
    ['repository:a/b:pull'],
  ])
})
