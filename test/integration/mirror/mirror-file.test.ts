import { listed, startRegistry } from '@dist/testkit'
import { indexImage, ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import { mirrorText } from '../support/mirror-text.js'
import { useRegistry } from '../support/servers.js'
import { namesIn } from '../support/store-files.js'
import { useWorkspace } from '../support/workspace.js'

const imageOf = (name: string) => ociImage({ layers: [seededLayer(name, 1000)] })
const [one, two, three, four] = [imageOf('one'), imageOf('two'), imageOf('three'), imageOf('four')]

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/web', 'v1.0', one)
  await pushImage(url, 'team/web', 'v1.1', two)
  await pushImage(url, 'team/web', 'v2.0-rc1', three)
  await pushImage(url, 'team/web', 'edge', four)
  await pushImage(url, 'team/sandbox/web', 'v1.0', three)
  await pushImage(url, 'team/jobs', 'v1.0', four)
  await pushImage(url, 'other/web', 'v1.0', two)
  await pushImage(url, 'index', '1', indexImage)
})
const target = useRegistry()
const workspace = useWorkspace()

/** Mirrors a file of this test; names without the host. */
async function mirror(text: string, ...args: string[]) {
  const ended = await mirrorText(workspace(), filled(text), args)
  return { ...ended, names: ended.lines.map(({ name }) => name.replace(`${source().host}/`, '')).sort() }
}

/** `$SOURCE` and `$TARGET` stand for the registries. */
const filled = (text: string) =>
  text.replaceAll('$SOURCE', source().host).replaceAll('$TARGET', target().host)

async function stored(): Promise<string[]> {
  return (await namesIn(workspace().store)).map((name) => name.replace(`${source().host}/`, ''))
}

async function requests() {
  await source().settled()
  const all = source().requests()
  source().clearRequests()
  return all.map(({ method, path }) => `${method} ${path}`)
}

describe('a mirror file', () => {
  it('mirrors images, tags of a repository and tags of repositories by pattern into the store', async () => {
    const ended = await mirror(`
      version: 1
      mirrors:
        - from: $SOURCE/index:1
        - { name: web, from: $SOURCE/team/web, tags: { semver: ">=1" } }
        - name: team
          from: $SOURCE/team/**
          repositories: { exclude: ["team/sandbox/**"] }
          tags: { include: "v1.*" }
    `)
    expect(ended.code).toBe(0)
    const expected = ['index:1', 'team/jobs:v1.0', 'team/web:v1.0', 'team/web:v1.1']
    expect([ended.names, await stored()]).toEqual([expected, expected])
    expect(ended.lines.map(({ entry }) => entry)).toContain('web')
    expect(ended.stderr).toMatch(/9 tags: 2 not included, 2 not in the range of versions, 5 selected/)
    const verified = await workspace().dist(['verify', ...expected.map((name) => `${source().host}/${name}`)])
    expect(verified).toMatchObject({ code: 0 })
  })

  it('a second time costs the listing and one HEAD for each tag, and none for immutable ones', async () => {
    const text = `
      version: 1
      mirrors: [{ from: $SOURCE/team/web, tags: { include: ["v1.*", edge], immutable: "v1.*" } }]
    `
    await mirror(text)
    await requests()
    const again = await mirror(text)
    expect(again.lines.map(({ upToDate }) => upToDate)).toEqual([true, true, true])
    expect((await requests()).sort()).toEqual([
      'GET /v2/team/web/tags/list',
      'HEAD /v2/team/web/manifests/edge',
    ])
  })

  it('moves exactly the image whose tag has changed, and reports both digests', async () => {
    const text = 'version: 1\nmirrors: [{ from: $SOURCE/moving, tags: all }]'
    await pushImage(source().url, 'moving', 'a', one)
    await pushImage(source().url, 'moving', 'b', two)
    await mirror(text)
    await pushImage(source().url, 'moving', 'b', three)
    const { lines } = await mirror(text)
    expect(lines.filter(({ upToDate }) => !upToDate)).toMatchObject([
      { name: `${source().host}/moving:b`, previous: two.descriptor.digest, digest: three.descriptor.digest },
    ])
  })

  it('mirrors into several places by template, and into the store besides', async () => {
    const to = '[store, "$TARGET/{registry}/{repository}", "$TARGET/by-name/{name}:{tag}-copy"]'
    const { code, lines } = await mirror(
      `version: 1\nmirrors: [{ name: m, from: $SOURCE/team/web, tags: { list: v1.0 }, to: ${to} }]`,
    )
    expect(code).toBe(0)
    const registry = source().host.replace(':', '_')
    const names = [`${registry}/team/web:v1.0`, 'by-name/web:v1.0-copy']
    expect(lines.map((line) => line.to).sort()).toEqual(
      [undefined, ...names.map((name) => `${target().host}/${name}`)].sort(),
    )
    expect(await stored()).toEqual(['team/web:v1.0'])
    for (const name of names) await expectPushed(`${target().host}/${name}`, one)
  })

  it('a repository that cannot be listed costs only itself', async () => {
    const { code, lines } = await mirror(`
      version: 1
      mirrors:
        - { name: none, from: $SOURCE/no/such, tags: all }
        - { name: dead, from: "127.0.0.1:1/app", tags: all }
        - { name: gone, from: "$SOURCE/team/web:none" }
        - { name: web, from: $SOURCE/team/web, tags: { list: v1.0 } }
    `)
    expect(code).toBe(6)
    const byEntry = new Map(lines.map((line) => [line.entry, line]))
    expect(byEntry.get('none')).toMatchObject({
      name: `${source().host}/no/such`,
      state: 'failed',
      stage: 'listing',
      code: 'NOT_FOUND',
    })
    expect(byEntry.get('dead')).toMatchObject({ name: '127.0.0.1:1/app', state: 'failed', stage: 'listing' })
    expect(byEntry.get('gone')).toMatchObject({ state: 'failed', stage: 'resolving', code: 'NOT_FOUND' })
    expect(byEntry.get('web')).toMatchObject({ state: 'done' })
  })

  it('two sources that would get one name are refused, both, before anything is sent', async () => {
    await target().settled()
    target().clearRequests()
    const { code, lines } = await mirror(`
      version: 1
      mirrors:
        - { name: team, from: "$SOURCE/team/*", tags: { include: "v1.*" }, to: "$TARGET/flat/{name}" }
        - { name: other, from: $SOURCE/other/web, tags: { list: v1.0, newest: 1 }, to: "$TARGET/flat/{name}" }
    `)
    expect(code).toBe(6)
    const refused = lines.filter(({ state }) => state === 'failed')
    expect(refused.map(({ name, stage }) => [name.replace(`${source().host}/`, ''), stage]).sort()).toEqual([
      ['other/web:v1.0', 'naming'],
      ['team/web:v1.0', 'naming'],
    ])
    expect(refused[0]?.error).toContain('would both get this name')
    await target().settled()
    expect(
      target()
        .requests()
        .filter(({ path }) => path.startsWith('/v2/flat/web/manifests/v1.0')),
    ).toEqual([])
  })

  it('an image that two mirrors select goes to each of its names once', async () => {
    const { code, lines } = await mirror(`
      version: 1
      mirrors:
        - { name: first, from: $SOURCE/team/web, tags: { list: v1.0 } }
        - { name: second, from: $SOURCE/team/web, tags: { include: "v1.*" } }
    `)
    expect(code).toBe(0)
    expect(lines.map(({ entry, name }) => [entry, name.split(':').at(-1)]).sort()).toEqual([
      ['first', 'v1.0'],
      ['second', 'v1.1'],
    ])
  })

  it('names of a listing that are not valid are skipped and named', async () => {
    const registry = await startRegistry()
    onTestFinished(() => registry[Symbol.asyncDispose]())
    registry.content.putImage('app', '1', one)
    registry.script({ path: '/tags/list' }, listed('tags', ['1', '../../etc', 'a b'], { pageSize: 10 }))
    const { code, lines, stderr } = await mirror(
      `version: 1\nmirrors: [{ from: ${registry.host}/app, tags: all }]`,
    )
    expect([code, lines.map(({ name }) => name)]).toEqual([0, [`${registry.host}/app:1`]])
    expect(stderr).toContain('2 names in the lists of registries skipped, not valid: "../../etc", "a b"')
  })

  it('with mistakes is refused with the line of each, before any request', async () => {
    await requests()
    const path = workspace().file(
      'dist.yaml',
      'version: 1\nmirrors:\n  - from: "A B"\n  - { from: "x:1", tagz: all }\n',
    )
    const { code, stdout, stderr } = await workspace().dist(['mirror', '-f', path])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      expect.stringMatching(/^dist: .*dist\.yaml:3:11: mirrors\[0\]\.from: /),
      expect.stringMatching(/^dist: .*dist\.yaml:4:\d+: mirrors\[1\]: unknown key tagz/),
    ])
    expect(await requests()).toEqual([])
  })

  it('that selects nothing says so, and is done', async () => {
    const { code, stderr } = await mirror(
      'version: 1\nmirrors: [{ name: none, from: $SOURCE/team/web, tags: { include: "z*" } }]',
    )
    expect(code).toBe(0)
    expect(stderr).toContain('none: nothing is selected')
    expect(stderr).toContain('nothing to mirror')
  })

  it.each([
    ['a reference', ['alpine'], 'stands alone'],
    ['another file', ['-f', 'refs.txt'], 'stands alone'],
    ['--to', ['--to', 'registry.test/m'], 'its key "to" says where to'],
  ])('is refused beside %s', async (_, args, message) => {
    const path = workspace().file('dist.yaml', 'version: 1\nmirrors: []')
    const { code, stderr } = await workspace().dist(['mirror', '-f', path, ...args])
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
