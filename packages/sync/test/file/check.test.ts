import { describe, expect, it } from 'vitest'
import { mirrorFileJsonSchema } from '../../src/schema/schema.js'
import { accepted, entry, refusals } from './support.js'

describe('a mirror file', () => {
  it('has the defaults of the format', async () => {
    expect(await entry('from: "alpine:3.20"')).toEqual({
      name: 'docker.io/library/alpine:3.20',
      at: { line: 2, column: 11 },
      source: { kind: 'image', reference: { host: 'docker.io', repository: 'library/alpine', tag: '3.20' } },
      tags: undefined,
      immutable: [],
      repositories: {},
      to: ['store'],
      platforms: [],
      index: 'sparse',
      referrers: [],
      referrersFreshFor: 86_400_000,
      discovery: undefined,
    })
  })

  it('may have its own defaults, which a mirror replaces key by key', async () => {
    const { entries } = await accepted(`version: 1
defaults: { platforms: [linux/amd64], referrers: false, to: ["store", "r.example/{name}"], referrers-fresh-for: 2h }
mirrors:
  - from: a/b:1
  - { from: "a/b:2", platforms: linux/arm64, referrers: { artifact-types: application/spdx+json }, to: store }
`)
    const [first, second] = entries
    expect(first).toMatchObject({
      platforms: ['linux/amd64'],
      referrers: false,
      referrersFreshFor: 7_200_000,
    })
    expect(first?.to).toEqual(['store', 'r.example/{name}'])
    expect(second).toMatchObject({
      platforms: ['linux/arm64'],
      referrers: ['application/spdx+json'],
      to: ['store'],
    })
  })

  it('has sources of three kinds', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    expect((await entry(`from: "q.io/a/b@${digest}"`)).source).toMatchObject({
      kind: 'image',
      reference: { digest },
    })
    expect((await entry('from: q.io/a/b, tags: all')).source).toEqual({
      kind: 'repository',
      locator: { host: 'q.io', repository: 'a/b' },
    })
    expect((await entry('from: "localhost:5000/**", tags: all')).source).toEqual({
      kind: 'pattern',
      host: 'localhost:5000',
      pattern: '**',
    })
  })

  it('has absolute paths and the names of hosts as in references', async () => {
    const { registries } = await accepted(`version: 1
registries:
  index.docker.io: { username: u, password-file: ../secret, mirrors: [Cache.LAN:5000] }
  r.example: { ca-file: /ca.pem }
mirrors: []
`)
    expect(registries).toEqual({
      'docker.io': { username: 'u', passwordFile: '/etc/secret', mirrors: ['cache.lan:5000'] },
      'r.example': { caFile: '/ca.pem' },
    })
  })

  it('is reported with all its mistakes, each with its place and what is allowed', async () => {
    expect(
      await refusals(`version: 2
registries:
  a/b: {}
  x.y: { pass: 1, plain-http: yes }
mirrors:
  - from: quay.io/Foo
    tags: { incldue: a, newest: 0, regex: "(?=a)", semver: [">=1", ">>1"], newer-than: yesterday, newest-by: age }
    to: [a.b/c, "x.y/{foo}", "{registry}/a"]
    platforms: linux
  - from: quay.io
    tags: some
  - 5
`),
    ).toEqual([
      '1:10 version: 1 is expected: the version of the format',
      '3:3 registries.a/b: a host is expected, such as registry.example.com:5000',
      expect.stringMatching(/^4:10 registries.x.y: unknown key pass: allowed are username, password, /),
      '4:31 registries.x.y.plain-http: true or false is expected',
      expect.stringMatching(/^6:11 mirrors\[0\].from: .* the repository must be lowercase/),
      expect.stringMatching(/^7:13 mirrors\[0\].tags: unknown key incldue: allowed are list, include, /),
      '7:33 mirrors[0].tags.newest: a whole number from 1 to 100000 is expected',
      expect.stringMatching(/^7:43 mirrors\[0\].tags.regex: this is not a regular expression of RE2: /),
      expect.stringMatching(
        /^7:68 mirrors\[0\].tags.semver\[1\]: ">>1" is not a range of versions: expected/,
      ),
      expect.stringMatching(/^7:88 mirrors\[0\].tags.newer-than: "yesterday" is neither an age such as 90d/),
      '7:110 mirrors[0].tags.newest-by: version, date or name is expected',
      expect.stringMatching(/^8:17 mirrors\[0\].to\[1\]: .* is not a placeholder: expected \{registry\}, /),
      expect.stringMatching(/^8:30 mirrors\[0\].to\[2\]: .* the host must not have a placeholder/),
      expect.stringMatching(/^9:16 mirrors\[0\].platforms: "linux" is not a platform: expected os\/arch/),
      expect.stringMatching(/^10:11 mirrors\[1\].from: .* "quay.io\/\*\*" means all repositories/),
      '11:11 mirrors[1].tags: all, or a map of filters is expected',
      '12:5 mirrors[2]: a map is expected',
    ])
  })

  it.each([
    ['a repository without tags', 'from: a/b', 'no tags are selected'],
    ['a pattern without tags', 'from: "q.io/a/*"', 'no tags are selected'],
    ['tags of one image', 'from: "a/b:1", tags: all', 'from names one image'],
    ['repositories of one repository', 'from: a/b, tags: all, repositories: { include: x }', 'not a pattern'],
    ['a discovery for one repository', 'from: a/b, tags: all, discovery: harbor', 'not a pattern'],
    ['one name for all repositories', 'from: "q.io/a/*", tags: all, to: r.io/b', 'would get one name'],
    ['an index that is stripped of nothing', 'from: "a/b:1", index: stripped', 'needs platforms'],
    ['prereleases without semver', 'from: a/b, tags: { prereleases: true }', 'needs semver'],
    ['newest-by without newest', 'from: a/b, tags: { newest-by: date }', 'needs newest'],
    ['a pattern without host', 'from: "a*", tags: all', 'begins with the host'],
    ['a pattern with a tag', 'from: "q.io/a/*:1", tags: all', 'neither tag nor digest'],
    ['a date as freshness', 'from: "a/b:1", referrers-fresh-for: 2026-01-01', 'a duration such as 24h'],
    ['a host as destination', 'from: "a/b:1", to: r.io', 'a registry and a path'],
    ['credentials in the source', 'from: "user:secret@q.io/a/b:1"', 'user and password are not allowed'],
    ['a word for a number', 'from: a/b, tags: { newest: none }', 'a whole number from 1 to 100000'],
    ['half a tag', 'from: a/b, tags: { newest: 1.5 }', 'a whole number from 1 to 100000'],
    ['an empty list', 'from: a/b, tags: { list: [] }', 'must not be empty'],
  ])('is refused with %s', async (_, yaml, why) => {
    expect(await refusals(`version: 1\nmirrors: [{ ${yaml} }]`)).toEqual([expect.stringContaining(why)])
  })

  it('is reported with the mistakes of single keys and those of several, in one go', async () => {
    const text = `version: 1
mirrors:
  - from: a/b
  - { from: "a/c:1", platfroms: linux/amd64 }
  - { from: "a/d:1", tags: all }
`
    expect(await refusals(text)).toEqual([
      expect.stringMatching(/^3:\d+ mirrors\[0\]\.from: no tags are selected/),
      expect.stringMatching(/^4:\d+ mirrors\[1\]: unknown key platfroms/),
      expect.stringMatching(/^5:\d+ mirrors\[2\]\.tags: from names one image/),
    ])
  })

  it('of whose defaults one is a mistake is not searched for what depends on them', async () => {
    const text = `version: 1
defaults: { platforms: linux }
mirrors: [{ from: "a/c:1", index: stripped }]
`
    expect(await refusals(text)).toEqual([expect.stringMatching(/^2:\d+ defaults\.platforms/)])
  })

  it('is refused with two mirrors of one name', async () => {
    const text =
      'version: 1\nmirrors:\n  - { from: a/b, tags: all }\n  - { from: docker.io/a/b, tags: { newest: 1 } }\n'
    expect(await refusals(text)).toEqual([
      expect.stringContaining('another mirror has the name docker.io/a/b'),
    ])
  })

  it('is refused with two sources for one name, as far as it names their tags', async () => {
    const text = `version: 1
defaults: { to: "r.io/{name}" }
mirrors:
  - { from: a/app, tags: { list: ["1", "2", "3"], exclude: "2" } }
  - { from: "b/app:1" }
  - { from: "b/app:2" }
  - { from: "a/app:3" }
  - { from: "c/app:1", to: "r.io/{repository}" }
`
    expect(await refusals(text)).toEqual([
      expect.stringMatching(
        /^5:5 mirrors\[1\]\.to: r\.io\/app:1: docker\.io\/a\/app:1 and docker\.io\/b\/app:1 /,
      ),
    ])
  })

  it('is refused with a destination that makes no valid name', async () => {
    const text = 'version: 1\nmirrors: [{ from: "a/b:RC", to: "r.io/{repository}-{tag}" }]'
    expect(await refusals(text)).toEqual([
      expect.stringMatching(/^2:33 mirrors\[0\]\.to: .*must be lowercase/),
    ])
  })

  it('is reported without control characters and tokens of its own', async () => {
    const text = 'version: 1\n"a\\e[2J": 1\nmirrors: []\n'
    expect(await refusals(text)).toEqual([
      expect.stringMatching(/^2:1 unknown key a\\u\{1b\}\[2J: allowed are/),
    ])
  })

  it('is refused when it is too long', async () => {
    expect(await refusals(`# ${'x'.repeat(9 * 2 ** 20)}`)).toEqual([
      '1:1 the file is too long: at most 8 MiB are expected',
    ])
  })

  it.each([
    [
      'username: u, password: p, password-file: f',
      '.password-file: password and password-file exclude each other',
    ],
    ['password: p', ': a password needs a username: add username'],
    ['username: u', '.username: a username needs a password: add password-file'],
    ['plain-http: true, ca-file: c', '.plain-http: conflicts with ca-file and insecure-skip-tls-verify: '],
  ])('is refused with settings of a registry that contradict each other: %s', async (settings, message) => {
    const text = `version: 1\nregistries: { r.io: { ${settings} } }\nmirrors: []\n`
    expect(await refusals(text)).toEqual([expect.stringContaining(` registries.r.io${message}`)])
  })
})

it('the JSON Schema has the keys of the format, and allows keys that begin with x-', () => {
  const schema = JSON.stringify(mirrorFileJsonSchema())
  for (const key of ['password-file', 'exclude-regex', 'newest-by', 'referrers-fresh-for', '^x-'])
    expect(schema).toContain(`"${key}"`)
})
