import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistry } from '@dist/testkit'
import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const shared = seededLayer('shared', 50_000)
const imageOf = (name: string) => ociImage({ layers: [shared, seededLayer(name, 1000)] })
const [one, two, three] = [imageOf('one'), imageOf('two'), imageOf('three')]

const source = useRegistry()
const target = useRegistry()
const workspace = useWorkspace()

let repositories = 0
let repository = ''
const push = (tag: string, image: typeof one) => pushImage(source().url, repository, tag, image)

beforeEach(() => {
  repository = `app-${++repositories}`
})

function file(keys = ''): string {
  const path = join(workspace().root, 'dist.yaml')
  writeFileSync(
    path,
    `version: 1\nmirrors: [{ name: app, from: ${source().host}/${repository}, tags: all${keys} }]`,
  )
  return path
}

interface Line {
  name: string
  state: string
  digest?: string
  previous?: string
  bytes?: number
}

async function dryRun(path: string, ...args: string[]) {
  const ended = await workspace().dist(['mirror', '-f', path, '--dry-run', '--json', ...args])
  const lines = jsonLines<Line>(ended.stdout)
  return {
    ...ended,
    lines: lines.sort((a, b) => a.name.localeCompare(b.name)),
    states: lines.map(({ name, state }) => `${name.split(':').at(-1)} ${state}`).sort(),
  }
}

describe('a dry run', () => {
  it('lists what is new, and makes neither a store nor a GET', async () => {
    await push('1', one)
    await push('2', two)
    await source().settled()
    source().clearRequests()
    const { code, states, stderr } = await dryRun(file())
    expect([code, states]).toEqual([0, ['1 new', '2 new']])
    expect(stderr).toContain('2 images: 2 new, 0 unchanged; at least 2 requests, 2 of them for manifests')
    expect(existsSync(workspace().store)).toBe(false)
    await source().settled()
    expect(
      source()
        .requests()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual([
      `GET /v2/${repository}/tags/list`,
      `HEAD /v2/${repository}/manifests/1`,
      `HEAD /v2/${repository}/manifests/2`,
    ])
  })

  it('lists what has changed with both digests, counts what has not, and exits with 7 when asked', async () => {
    await push('1', one)
    await push('2', two)
    const path = file()
    expect(await workspace().dist(['mirror', '-f', path])).toMatchObject({ code: 0 })
    expect(await dryRun(path, '--exit-code')).toMatchObject({ code: 0, lines: [] })
    await push('2', three)
    const { code, lines, stderr } = await dryRun(path, '--exit-code')
    expect(code).toBe(7)
    expect(lines).toEqual([
      {
        entry: 'app',
        name: `${source().host}/${repository}:2`,
        state: 'changed',
        previous: two.descriptor.digest,
        digest: three.descriptor.digest,
      },
    ])
    expect(stderr).toContain('2 images: 1 changed, 1 unchanged')
    expect(await dryRun(path)).toMatchObject({ code: 0 })
  })

  it('with --bytes tells what would be fetched, shared content once, and fetches no blob', async () => {
    await push('1', one)
    await push('2', two)
    await push('3', three)
    const path = file()
    await source().settled()
    source().clearRequests()
    const { lines, stderr } = await dryRun(path, '--bytes')
    await source().settled()
    expect(
      source()
        .requests()
        .filter(({ path: asked }) => asked.includes('/blobs/')),
    ).toEqual([])
    const expected = (image: typeof one) =>
      image.descriptor.size + image.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
    const sizes = lines.map(({ bytes = 0 }) => bytes)
    const all = [one, two, three].reduce((sum, image) => sum + expected(image), 0)
    // The layer and the config of all images are the same object: the config names the layers, which differ.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(all - 2 * shared.descriptor.size)
    expect(stderr).toMatch(/to fetch with 10 requests, 3 of them for manifests/)
    const { stdout } = await workspace().dist(['mirror', '-f', path])
    expect(stdout).toMatch(/fetched 10 objects/)
  })

  it('tells what is gone: what a repository no longer lists, and a named image, but not what newest leaves out', async () => {
    await using registry = await startRegistry()
    for (const [tag, image] of [
      ['1', one],
      ['2', two],
      ['3', three],
    ] as const)
      registry.content.putImage('app', tag, image)
    registry.content.putImage('named', '1', one)
    const path = join(workspace().root, 'dist.yaml')
    const write = (tags: string) =>
      writeFileSync(
        path,
        `version: 1\nmirrors:\n  - { from: ${registry.host}/app, tags: ${tags} }\n  - { from: "${registry.host}/named:1" }\n`,
      )
    write('all')
    expect(await workspace().dist(['mirror', '-f', path])).toMatchObject({ code: 0 })
    registry.content.deleteTag('app', '2')
    registry.content.deleteTag('named', '1')
    write('{ include: "*", newest: 1 }')
    const { code, lines, stderr } = await dryRun(path, '--exit-code')
    expect(code).toBe(0)
    expect(lines).toMatchObject([
      { name: `${registry.host}/app:2`, state: 'gone' },
      { name: `${registry.host}/named:1`, state: 'gone', previous: one.descriptor.digest },
    ])
    expect(stderr).toContain('3 images: 2 gone, 1 unchanged')
  })

  it('of a list of references, into a store and to a registry', async () => {
    await push('1', one)
    const reference = `${source().host}/${repository}:1`
    const into = await workspace().dist(['mirror', '--dry-run', reference])
    expect(into).toMatchObject({ code: 0, stdout: expect.stringMatching(/^new +.*:1 {2}sha256:/) })
    const args = ['mirror', '--dry-run', '--exit-code', '--to', `${target().host}/m`, reference]
    expect(await workspace().dist(args)).toMatchObject({
      code: 7,
      stdout: expect.stringContaining(`-> ${target().host}/m/${repository}:1`),
    })
    await target().settled()
    expect(
      target()
        .requests()
        .filter(({ method }) => method !== 'HEAD' && method !== 'GET'),
    ).toEqual([])
  })

  it('reports what fails, and the rest', async () => {
    await push('1', one)
    const path = join(workspace().root, 'dist.yaml')
    writeFileSync(
      path,
      `version: 1\nmirrors:\n  - from: ${source().host}/${repository}:1\n  - from: ${source().host}/${repository}:none\n  - { from: ${source().host}/no/such, tags: all }\n`,
    )
    const { code, states } = await dryRun(path)
    expect([code, states]).toEqual([6, ['1 new', expect.stringMatching(/no\/such failed/), 'none failed']])
  })

  it.each([
    [['--bytes'], '--bytes needs --dry-run'],
    [['--exit-code'], '--exit-code needs --dry-run'],
    [['--dry-run', '--report', 'r.jsonl'], '--report is not for a dry run'],
    [['--dry-run', '--queue', 'redis://127.0.0.1:1'], 'leave out --queue'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await workspace().dist(['mirror', ...args, 'alpine'])
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
