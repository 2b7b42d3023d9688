import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { harborApi, startRegistry } from '@dist/testkit'
import { amd64Image, arm64Image, indexImage, ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mirrorText } from '../support/mirror-text.js'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const one = ociImage({ layers: [seededLayer('one', 1000)] })

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/web', 'v1.0', one)
  await pushImage(url, 'team/web', 'v1.1', ociImage({ layers: [seededLayer('two', 1000)] }))
  await pushImage(url, 'index', '1', indexImage)
})
const target = useRegistry()
const workspace = useWorkspace()

/** `$SOURCE` and `$TARGET` stand for the registries. */
const filled = (text: string) =>
  text.replaceAll('$SOURCE', source().host).replaceAll('$TARGET', target().host)

const mirror = (text: string, ...args: string[]) => mirrorText(workspace(), filled(text), args)

describe('a mirror file', () => {
  it('--platform goes before its platforms; the index stays as it is', async () => {
    const text = 'version: 1\nmirrors: [{ from: "$SOURCE/index:1", platforms: linux/amd64 }]'
    const platforms = async () => {
      const { stdout } = await workspace().dist(['images', '--json'])
      return jsonLines<{ digest: string; platforms: string[] }>(stdout).map((image) => [
        image.digest,
        image.platforms,
      ])
    }
    await mirror(text)
    expect(await platforms()).toEqual([[indexImage.descriptor.digest, ['linux/amd64']]])
    await mirror(text, '--platform', 'linux/arm64')
    expect(await platforms()).toEqual([[indexImage.descriptor.digest, ['linux/amd64', 'linux/arm64']]])
  })

  it('of platforms, not all of which an image has, brings those that it has, with a remark', async () => {
    const text = 'version: 1\nmirrors: [{ from: "$SOURCE/index:1", platforms: [linux/amd64, linux/riscv64] }]'
    const { code, lines } = await mirror(text)
    expect([code, lines[0]?.remarks]).toEqual([0, [expect.stringContaining('no manifest for linux/riscv64')]])
    const none = await mirror(text.replace('linux/amd64, ', ''))
    expect(none).toMatchObject({ code: 3, lines: [{ state: 'failed', stage: 'planning' }] })
  })

  it('index: stripped rewrites the index, which a registry then takes; again there is nothing to do', async () => {
    const to = '[store, "$TARGET/stripped/{name}"]'
    const text = `version: 1\nmirrors: [{ from: "$SOURCE/index:1", platforms: linux/arm64, index: stripped, to: ${to} }]`
    const { code, lines } = await mirror(text)
    expect(code).toBe(0)
    const [digest, other] = lines.map((line) => line.digest)
    expect(digest).not.toBe(indexImage.descriptor.digest)
    expect(other).toBe(digest)
    const { stdout } = await workspace().dist(['inspect', '--json', `${source().host}/index:1`])
    expect(stdout).toContain(arm64Image.descriptor.digest)
    expect(stdout).not.toContain(amd64Image.descriptor.digest)
    const pulled = ['pull', '--all-platforms', `${target().host}/stripped/index@${digest}`]
    expect(await workspace().dist(pulled)).toMatchObject({ code: 0 })
    expect(await workspace().dist(['verify', `${source().host}/index:1`])).toMatchObject({ code: 0 })
    expect((await mirror(text)).lines.map(({ upToDate }) => upToDate)).toEqual([true, true])
  })

  it('a sparse index that a registry refuses fails, and the error names the way out', async () => {
    const { code, lines } = await mirror(
      'version: 1\nmirrors: [{ from: "$SOURCE/index:1", platforms: linux/arm64, to: "$TARGET/sparse" }]',
    )
    expect(code).not.toBe(0)
    expect(lines).toMatchObject([{ state: 'failed', stage: 'publishing' }])
    expect(lines[0]?.error).toContain('index: stripped')
  })

  it("a pattern of repositories is listed by Harbor's own API, and its tags have dates", async () => {
    const registry = await startRegistry()
    onTestFinished(() => registry[Symbol.asyncDispose]())
    const digest = one.descriptor.digest
    const pushed = (date: string) => ({
      v1: { digest, pushed: date },
      v2: { digest, pushed: '2026-02-03T04:05:06Z' },
    })
    const repositories = {
      'team/app': pushed('2020-01-01T00:00:00Z'),
      'team/sub/job': pushed('2026-01-02T00:00:00Z'),
    }
    registry.script({ path: '/api/v2.0/' }, harborApi({ repositories }))
    for (const name of Object.keys(repositories))
      for (const tag of ['v1', 'v2']) registry.content.putImage(name, tag, one)
    const { code, lines } = await mirror(
      `version: 1\nmirrors: [{ from: "${registry.host}/team/**", discovery: harbor, tags: { newer-than: 2026-01-01 } }]`,
    )
    expect(code).toBe(0)
    expect(lines.map(({ name }) => name.replace(`${registry.host}/`, '')).sort()).toEqual([
      'team/app:v2',
      'team/sub/job:v1',
      'team/sub/job:v2',
    ])
  })

  it('Ctrl-C while it lists: 130, and nothing else is asked', async () => {
    const registry = await startRegistry()
    onTestFinished(() => registry[Symbol.asyncDispose]())
    registry.content.putImage('app', '1', one)
    registry.script({ path: '/tags/list' }, () => new Promise(() => {}))
    const path = workspace().file(
      'dist.yaml',
      `version: 1\nmirrors: [{ from: ${registry.host}/app, tags: all }]`,
    )
    const running = workspace().start(['mirror', '-f', path])
    await registry.requested({ path: '/tags/list' })
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 130, stdout: '' })
    expect(registry.received({ path: '/manifests/' })).toEqual([])
  })

  it('a tag that moves during a run is mirrored as it was resolved', async () => {
    const registry = await startRegistry()
    onTestFinished(() => registry[Symbol.asyncDispose]())
    registry.content.putImage('app', '1', indexImage)
    registry.script({ path: `/manifests/${arm64Image.descriptor.digest}` }, async (_, proper) => {
      registry.content.putImage('app', '1', one)
      return await proper()
    })
    const text = `version: 1\nmirrors: [{ from: ${registry.host}/app, tags: all }]`
    expect((await mirror(text)).lines).toMatchObject([
      { state: 'done', digest: indexImage.descriptor.digest },
    ])
    expect((await mirror(text)).lines).toMatchObject([
      { state: 'done', digest: one.descriptor.digest, previous: indexImage.descriptor.digest },
    ])
  })

  it('as TOML, with --report', async () => {
    const report = join(workspace().root, 'report.jsonl')
    const path = workspace().file(
      'dist.toml',
      filled('version = 1\n[[mirrors]]\nfrom = "$SOURCE/team/web"\ntags = { list = ["v1.0"] }\n'),
    )
    const { code, stdout } = await workspace().dist(['mirror', '-f', path, '--report', report])
    expect(code).toBe(0)
    expect(stdout).toContain(`team/web:v1.0 ${one.descriptor.digest}`)
    expect(jsonLines(readFileSync(report, 'utf8'))).toMatchObject([
      { entry: `${source().host}/team/web`, name: `${source().host}/team/web:v1.0`, state: 'done' },
    ])
  })

  it('writes a summary in Markdown, in which names have no markup of their own', async () => {
    const summary = join(workspace().root, 'summary.md')
    const text = `
      version: 1
      mirrors:
        - { name: "a|b *c*", from: $SOURCE/team/web, tags: { include: "v1.*" } }
        - { name: gone, from: "$SOURCE/team/web:none" }
    `
    await mirror(text, '--summary', summary)
    const lines = readFileSync(summary, 'utf8').split('\n')
    expect(lines[0]).toBe('## dist mirror')
    expect(lines).toContainEqual(expect.stringMatching(/^\| a\\\|b \\\*c\\\* \| 2 \| 0 \| 2 \| 0 \| .* \|$/))
    expect(lines).toContainEqual(expect.stringMatching(/^\| gone \| 1 \| 0 \| 0 \| 1 \| 0 B \|$/))
    expect(lines).toContain(`| ${source().host}/team/web:v1.0 |  | \`${one.descriptor.digest}\` |`)
    expect(lines).toContainEqual(expect.stringMatching(/^- .*team\/web:none/))
    await mirror(text, '--summary', summary)
    expect(readFileSync(summary, 'utf8')).not.toContain('### New or changed')
    const other = workspace().file('notes.md', '# Notes')
    expect(await mirror(text, '--summary', other)).toMatchObject({ code: 1 })
    expect(readFileSync(other, 'utf8')).toBe('# Notes')
  })
})
