import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mediaTypes } from '@dist/oci'
import { dockerHubApi, faults, harborApi, listed, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const path = '/tags/list'

async function registryWith(names: readonly string[]): Promise<ScriptedRegistry> {
  const registry = await startRegistry()
  onTestFinished(() => registry[Symbol.asyncDispose]())
  registry.script({ path }, listed('tags', names, { pageSize: 3 }))
  return registry
}

/** Puts an image without layers into `app`. */
function putImage(registry: ScriptedRegistry, tag: string, created: string | undefined): void {
  const config = registry.content.putBlob('app', JSON.stringify({ created }), mediaTypes.ociConfig)
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] }
  registry.content.putManifest('app', JSON.stringify(manifest), mediaTypes.ociManifest, tag)
}

const lines = (text: string) => text.split('\n').slice(0, -1)

describe('dist tags', () => {
  it('prints all tags but those of signatures, over all pages', async () => {
    const { host } = await registryWith(['1', `sha256-${'a'.repeat(64)}.sig`, 'latest', '3.10', '3.9'])
    const { code, stdout, stderr } = await workspace().dist(['tags', `${host}/app`])
    expect([code, lines(stdout)]).toEqual([0, ['1', 'latest', '3.10', '3.9']])
    expect(stderr).toBe('dist: 5 tags: 1 of signatures, 4 selected\n')
  })

  it('selects by patterns, expressions and versions, in the order of a mirror file', async () => {
    const { host } = await registryWith([
      'v1.0',
      'v1.2',
      'v1.2-rc1',
      'v2.0-rc1',
      'v2.0',
      'v2.1',
      'edge',
      'main',
    ])
    const filters = [
      '--include',
      'v*',
      '--regex',
      'edge|x',
      '--exclude',
      '*-rc1',
      '--exclude-regex',
      'v2\\.1',
    ]
    const more = ['--semver', '>=1.1', '--newest', '1']
    const { code, stdout, stderr } = await workspace().dist(['tags', `${host}/app`, ...filters, ...more])
    expect([code, stdout]).toEqual([0, 'v2.0\n'])
    expect(stderr).toBe(
      'dist: 8 tags: 1 not included, 3 excluded, 2 not in the range of versions, 1 not among the newest, 1 selected\n',
    )
  })

  it('explains each tag, as text and as objects', async () => {
    const { host } = await registryWith(['v1.0', 'v2.0', 'v2.1-rc1', 'edge'])
    const filters = [
      '--semver',
      '>=2',
      '--prereleases',
      '--newest',
      '1',
      '--newest-by',
      'version',
      '--explain',
    ]
    const text = await workspace().dist(['tags', `${host}/app`, ...filters])
    const expected = ['edge\tsemver', 'v1.0\tsemver', 'v2.0\tnewest', 'v2.1-rc1\tselected']
    expect(lines(text.stdout).sort()).toEqual(expected)
    const json = await workspace().dist(['tags', `${host}/app`, ...filters, '--json'])
    expect(jsonLines(json.stdout)).toContainEqual({ tag: 'v2.0', state: 'dropped', stage: 'newest' })
    expect(jsonLines(json.stdout)).toContainEqual({ tag: 'v2.1-rc1', state: 'selected' })
  })

  it('reads dates from configs, and keeps images without a date with a remark', async () => {
    const registry = await registryWith(['old', 'new', 'none', 'epoch'])
    putImage(registry, 'old', '2020-01-01T00:00:00Z')
    putImage(registry, 'new', '2026-02-03T04:05:06Z')
    putImage(registry, 'none', undefined)
    putImage(registry, 'epoch', '1970-01-01T00:00:00Z')
    const { stdout, stderr } = await workspace().dist([
      ...['tags', `${registry.host}/app`, '--newer-than', '2026-01-01', '--json'],
    ])
    expect(jsonLines(stdout)).toEqual([
      { tag: 'new', created: '2026-02-03T04:05:06.000Z' },
      { tag: 'none', unknownDate: true },
      { tag: 'epoch', created: '1970-01-01T00:00:00.000Z', unknownDate: true },
    ])
    expect(stderr).toContain('4 tags: 1 too old, 3 selected\n')
    expect(stderr).toContain('2 selected tags: the date is unknown, so newer-than keeps them\n')
  })

  it('reads no manifest without a filter by date, and none of a tag that fell out before', async () => {
    const registry = await registryWith(['a', 'b'])
    putImage(registry, 'a', '2026-02-03T04:05:06Z')
    await workspace().dist(['tags', `${registry.host}/app`, '--include', 'a'])
    expect(registry.received({ path: '/manifests/' })).toEqual([])
    await workspace().dist([
      'tags',
      `${registry.host}/app`,
      '--include',
      'a',
      '--newest',
      '1',
      '--newest-by',
      'date',
    ])
    expect(registry.received({ path: '/manifests/' }).map(({ path }) => path)).toEqual([
      '/v2/app/manifests/a',
    ])
  })

  it('remembers dates by digest: a second time costs a HEAD for each tag, also of a tag that has moved', async () => {
    const registry = await registryWith(['a', 'b', 'none'])
    putImage(registry, 'a', '2020-01-01T00:00:00Z')
    putImage(registry, 'b', '2026-02-03T04:05:06Z')
    putImage(registry, 'none', undefined)
    const newer = () => workspace().dist(['tags', `${registry.host}/app`, '--newer-than', '2026-01-01'])
    expect((await newer()).stdout).toBe('b\nnone\n')
    putImage(registry, 'a', '2026-02-03T04:05:06Z')
    registry.requests.length = 0
    expect((await newer()).stdout).toBe('a\nb\nnone\n')
    const asked = registry.requests.filter(({ path: each }) => !each.endsWith(path))
    expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['HEAD']))
    expect(asked).toHaveLength(3)
  })

  it("takes dates from Harbor's own API", async () => {
    const registry = await registryWith([])
    const digest = `sha256:${'a'.repeat(64)}`
    const tags = {
      old: { digest, pushed: '2020-01-01T00:00:00Z' },
      new: { digest, pushed: '2026-02-03T04:05:06Z' },
    }
    registry.script({ path: '/api/v2.0/' }, harborApi({ repositories: { 'team/app': tags } }))
    const { stdout } = await workspace().dist([
      ...['tags', `${registry.host}/team/app`, '--discovery', 'harbor', '--newer-than', '2026-01-01'],
    ])
    expect(stdout).toBe('new\n')
    expect(registry.received({ path: '/manifests/' })).toEqual([])
  })

  it("takes dates of docker.io from Docker Hub's own API", async () => {
    const registry = await registryWith([])
    const tags = { new: { digest: `sha256:${'a'.repeat(64)}`, pushed: '2026-02-03T04:05:06Z' } }
    registry.script({ path: '/v2/namespaces/' }, dockerHubApi({ repositories: { 'library/alpine': tags } }))
    mkdirSync(join(workspace().root, 'hosts', 'hub.docker.com'), { recursive: true })
    workspace().file('hosts/hub.docker.com/hosts.toml', `server = "${registry.url}"\n`)
    const { code, stdout } = await workspace().dist([
      ...['tags', 'alpine', '--hosts-dir', 'hosts', '--newest', '3', '--newest-by', 'date'],
    ])
    expect([code, stdout]).toEqual([0, 'new\n'])
  })

  it('names what it skips, and fails for a list that repeats itself', async () => {
    const registry = await registryWith(['a', '../b', 'b\u001b[2J'])
    const skipped = await workspace().dist(['tags', `${registry.host}/app`])
    expect(skipped.stdout).toBe('a\n')
    expect(skipped.stderr).toContain('2 names in the lists of registries skipped, not valid: "../b", "b')
    expect(skipped.stderr).not.toContain('\u001b')
    registry.script({ path }, faults.status(200, { link: '<?>; rel="next"' }, '{"tags":["a"]}'))
    const repeated = await workspace().dist(['tags', `${registry.host}/app`])
    expect(repeated).toMatchObject({ code: 1 })
    expect(repeated.stderr).toContain('the list repeats itself')
  })

  it('refuses wrong filters before any request, and says that a repository does not exist', async () => {
    const registry = await registryWith([])
    for (const wrong of [
      ['--regex', '('],
      ['--semver', '>='],
      ['--newer-than', 'soon'],
      ['--prereleases'],
      ['--newest-by', 'date'],
      ['--newest', '0'],
    ])
      expect((await workspace().dist(['tags', `${registry.host}/app`, ...wrong])).code).toBe(2)
    expect((await workspace().dist(['tags', `${registry.host}/app:1`])).code).toBe(2)
    expect(registry.requests).toEqual([])
    registry.script({ path }, faults.status(404, {}, '{"errors":[{"code":"NAME_UNKNOWN"}]}'))
    expect((await workspace().dist(['tags', `${registry.host}/none`])).code).toBe(3)
  })
})
