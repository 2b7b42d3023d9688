import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseLocator } from '@dist/reference'
import { createTestAuthority } from '@dist/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { speaksTls } from '../src/config/registries-conf/speaks-tls.js'
import { defaultEndpoint, openRegistriesConf } from '../src/index.js'
import { client, scripted } from './support.js'

/** Opens a file of this content, with these drop-ins. Places that are insecure answer TLS, except below `clear.`. */
async function conf(content: string, dropIns: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'registries-conf-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const [name, text] of Object.entries({ 'r.conf': content, ...dropIns })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return openRegistriesConf(join(root, 'r.conf'), {
    endpointOf: async (host) => defaultEndpoint(host),
    speaksTls: async (host) => !host.startsWith('clear.'),
  })
}

type Conf = Awaited<ReturnType<typeof conf>>

/** The URLs of a repository at its endpoints. */
async function places(opened: Conf, name: string): Promise<string[] | undefined> {
  const { repositoryAt } = await import('../src/endpoint.js')
  const locator = parseLocator(name)
  const endpoints = await opened.endpointsOf(locator)
  return endpoints?.map((endpoint) => `${endpoint.url}/${repositoryAt(endpoint, locator.repository)}`)
}

describe('a prefix', () => {
  it('is the longest that the repository begins with, by whole components', async () => {
    const opened = await conf(`
      [[registry]]
      prefix = "r.io"
      [[registry]]
      prefix = "r.io/team/app"
      [[registry]]
      prefix = "r.io/team/"
      [[registry]]
      location = "docker.io/library"
    `)
    const prefixOf = (name: string) => opened.prefixOf(parseLocator(name))
    expect(prefixOf('r.io/other')).toBe('r.io')
    expect(prefixOf('r.io/team/app')).toBe('r.io/team/app')
    expect(prefixOf('r.io/team/app/x')).toBe('r.io/team/app')
    expect(prefixOf('r.io/team/apple')).toBe('r.io/team')
    expect(prefixOf('r.io/teams')).toBe('r.io')
    expect(prefixOf('alpine')).toBe('docker.io/library')
    for (const name of ['r.io:5000/team', 'a.r.io/team', 'docker.io/team/app'])
      expect(prefixOf(name)).toBeUndefined()
  })

  it('with a wildcard is for hosts below the domain, at any depth', async () => {
    const opened = await conf(
      '[[registry]]\nprefix = "*.Example.com"\n[[registry]]\nprefix = "a.example.com"',
    )
    const prefixOf = (name: string) => opened.prefixOf(parseLocator(name))
    expect(prefixOf('b.example.com/x')).toBe('*.example.com')
    expect(prefixOf('c.b.example.com/x')).toBe('*.example.com')
    expect(prefixOf('a.example.com/x')).toBe('a.example.com')
    for (const name of ['example.com/x', 'notexample.com/x', 'example.com.evil.org/x'])
      expect(prefixOf(name)).toBeUndefined()
  })
})

describe('a location', () => {
  it('replaces the prefix, also as mirror', async () => {
    const opened = await conf(`
      [[registry]]
      prefix = "r.io/team"
      location = "internal.io:5000/moved/here"
      [[registry.mirror]]
      location = "cache.io"
      [[registry.mirror]]
      location = "r.io/team"
    `)
    expect(await places(opened, 'r.io/team/app')).toEqual([
      'https://cache.io/v2/app',
      'https://r.io/v2/team/app',
      'https://internal.io:5000/v2/moved/here/app',
    ])
    expect(await opened.endpointsOf(parseLocator('r.io/team/app'))).toMatchObject([
      { mirrorOf: 'r.io', capabilities: ['pull', 'resolve'] },
      { mirrorOf: 'r.io', capabilities: ['pull', 'resolve'] },
      { capabilities: ['pull', 'resolve', 'push'] },
    ])
  })

  it('is the place itself without a rewrite, for a prefix with a wildcard and without one', async () => {
    const opened = await conf(`
      [[registry]]
      prefix = "*.example.com"
      [[registry.mirror]]
      location = "cache.io/proxy"
      [[registry]]
      prefix = "r.io"
    `)
    expect(await places(opened, 'a.example.com/b/c')).toEqual([
      'https://cache.io/v2/proxy/b/c',
      'https://a.example.com/v2/b/c',
    ])
    expect(await places(opened, 'r.io/b')).toEqual(['https://r.io/v2/b'])
    expect(await places(opened, 's.io/b')).toBeUndefined()
  })

  it('that is insecure is requested with any certificate, or with plain http where it answers no TLS', async () => {
    const opened = await conf(`
      [[registry]]
      location = "localhost:5000"
      insecure = true
      [[registry.mirror]]
      location = "clear.io"
      insecure = true
      [[registry.mirror]]
      location = "safe.io"
    `)
    expect(await opened.endpointsOf(parseLocator('localhost:5000/a'))).toMatchObject([
      { url: 'http://clear.io/v2' },
      { url: 'https://safe.io/v2' },
      { url: 'https://localhost:5000/v2', tls: { skipVerify: true } },
    ])
  })
})

describe('a mirror', () => {
  it.each([
    ['pull-from-mirror = "all"', '', undefined],
    ['', '', undefined],
    ['pull-from-mirror = "digest-only"', '', 'digests'],
    ['pull-from-mirror = "tag-only"', '', 'tags'],
    ['', 'mirror-by-digest-only = true', 'digests'],
  ])('with %j and %j resolves %s', async (ofMirror, ofRegistry, only) => {
    const opened = await conf(
      `[[registry]]\nlocation = "r.io"\n${ofRegistry}\n[[registry.mirror]]\nlocation = "m.io"\n${ofMirror}\n`,
    )
    const endpoints = await opened.endpointsOf(parseLocator('r.io/a'))
    expect(endpoints?.map((endpoint) => endpoint.only)).toEqual([only, undefined])
  })
})

describe('a registry that is blocked', () => {
  it('is refused by file and prefix, and what is below a longer prefix is not', async () => {
    const opened = await conf(`
      [[registry]]
      prefix = "r.io"
      blocked = true
      [[registry]]
      prefix = "r.io/free"
    `)
    expect(() => opened.checkAllowed(parseLocator('r.io/a'))).toThrow(
      /^r\.io\/a: blocked by \S+\/r\.conf: the prefix "r\.io"$/,
    )
    opened.checkAllowed(parseLocator('r.io/free/a'))
    opened.checkAllowed(parseLocator('s.io/a'))
  })
})

describe('the files', () => {
  it('replace by prefix what earlier ones have, in the order of their names', async () => {
    const registry = (location: string) => `[[registry]]\nprefix = "r.io"\nlocation = "${location}"\n`
    const first = registry('first.io') + registry('never.io')
    const dropIns = { 'r.conf.d/20.conf': registry('last.io'), 'r.conf.d/10.conf': registry('middle.io') }
    expect(await places(await conf(first), 'r.io/a')).toEqual(['https://first.io/v2/a'])
    expect(await places(await conf(first, { 'r.conf.d/x.txt': '=' }), 'r.io/a')).toEqual([
      'https://first.io/v2/a',
    ])
    expect(await places(await conf(first, dropIns), 'r.io/a')).toEqual(['https://last.io/v2/a'])
  })

  it('may have keys for short names, which are not read', async () => {
    const opened = await conf(
      'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "enforcing"\n[aliases]\na = "r.io/a"\n',
    )
    expect(opened.prefixOf(parseLocator('docker.io/library/a'))).toBeUndefined()
  })

  it.each([
    ['[[registry]]\nlocation = \n', /r\.conf: line 2: /],
    ['[registries.search]\nregistries = ["r.io"]\n', /r\.conf: has the form of version 1/],
    ['[registry]\nlocation = "r.io"\n', /r\.conf: registry is not a list/],
    ['[[registry]]\nblocked = true\n', /r\.conf: \[\[registry\]\] 1: has neither prefix nor location/],
    [
      '[[registry]]\nlocation = "r.io"\nblockd = true\n',
      /\[\[registry\]\] 1: unknown key blockd: allowed are prefix, /,
    ],
    ['[[registry]]\nlocation = "r.io"\nblocked = "no"\n', /blocked is neither true nor false/],
    ['[[registry]]\nlocation = 5\n', /location is not a text/],
    [
      '[[registry]]\nlocation = "https://r.io"\n',
      /location: host\[:port\]\[\/path\] without a tag is expected: /,
    ],
    ['[[registry]]\nprefix = "r.io/a:1"\n', /prefix: host\[:port\]\[\/path\] without a tag is expected: /],
    ['[[registry]]\nprefix = "*.r.io/a"\n', /only \*\.example\.com may have a wildcard/],
    ['[[registry]]\nlocation = "r.io"\nmirror = "m.io"\n', /mirror is not a list/],
    [
      '[[registry]]\nlocation = "r.io"\n[[registry.mirror]]\n',
      /\[\[registry\]\] 1 \("r\.io"\), mirror 1: has no location/,
    ],
    [
      '[[registry]]\nlocation = "r.io"\n[[registry.mirror]]\nlocation = "m.io"\npull-from-mirror = "never"\n',
      /mirror 1: pull-from-mirror is not all, digest-only or tag-only/,
    ],
    [
      '[[registry]]\nlocation = "r.io"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.io"\npull-from-mirror = "all"\n',
      /pull-from-mirror and mirror-by-digest-only exclude each other/,
    ],
  ])('are refused with a mistake, by file: %j', async (content, message) => {
    await expect(conf(content)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
    await expect(conf('', { 'r.conf.d/a.conf': content })).rejects.toThrow(/r\.conf\.d\/a\.conf: /)
  })

  it('must exist', async () => {
    const opening = openRegistriesConf('/nowhere/r.conf', {
      endpointOf: async (host) => defaultEndpoint(host),
    })
    await expect(opening).rejects.toThrow('/nowhere/r.conf: cannot be read (ENOENT)')
  })
})

describe('the list of a registry whose repositories are moved', () => {
  it('is refused: it has other names', async () => {
    const opened = await conf('[[registry]]\nprefix = "r.io"\nlocation = "s.io/moved"\n')
    const registry = client({ hosts: async (locator) => (await opened.endpointsOf(locator)) ?? [] })
    for (const discovery of ['catalog', 'harbor', undefined] as const) {
      const listing = registry.repositories('r.io', { discovery })[Symbol.asyncIterator]().next()
      await expect(listing).rejects.toMatchObject({
        code: 'NOT_IMPLEMENTED',
        message: expect.stringContaining('registries.conf moves them below moved of s.io'),
      })
    }
  })
})

describe('whether an insecure place speaks TLS', () => {
  it('is asked of it', async () => {
    const authority = createTestAuthority()
    const secure = await scripted({ tls: { cert: authority.server.cert, key: authority.server.key } })
    const clear = await scripted()
    expect(await speaksTls(secure.host)).toBe(true)
    expect(await speaksTls(clear.host)).toBe(false)
  })

  it('counts as yes where nothing answers', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await speaksTls(`127.0.0.1:${port}`)).toBe(true)
  })
})
