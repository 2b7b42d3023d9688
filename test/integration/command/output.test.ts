import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
})
const workspace = useWorkspace()

/** Runs a command with a terminal for all of its output. */
const onTerminal = (command: string, env: Record<string, string> = {}) =>
  workspace().shell(`script -qefc '${command}' /dev/null`, { env: { TERM: 'xterm', ...env } })

// Select Graphic Rendition: colours, bold, dim.
const style = '\x1b\\[[0-9;]+m'

it('NO_COLOR removes the colours only', async () => {
  const pull = `dist pull ${registry().host}/single:1`
  const coloured = await onTerminal(pull)
  expect(coloured.stdout).toMatch(new RegExp(style))
  await workspace().shell('rm -r "$DIST_STORE"')
  const plain = await onTerminal(pull, { NO_COLOR: '1' })
  expect(plain.code).toBe(0)
  expect(plain.stdout).not.toMatch(new RegExp(style))
  expect(plain.stdout).toContain(singleImage.descriptor.digest)
})

it('data has no colours, also on a terminal', async () => {
  await workspace().dist(['pull', `${registry().host}/single:1`])
  for (const command of ['images', 'list', 'active', `inspect ${registry().host}/single:1`]) {
    const ended = await onTerminal(`dist ${command}`)
    expect(ended.code).toBe(0)
    expect(ended.stdout, command).not.toContain('\x1b')
  }
})

it.each([60, 100])(
  'tables fit a terminal of %i columns, and are whole in a pipe and with --no-trunc',
  async (width) => {
    const { host } = registry()
    const long = 'registry.example.com/a-team/with/a-rather-long-path/node-exporter:v1.8.2-alpine'
    await workspace().dist(['pull', `${host}/single:1`, `${host}/index:1`])
    await workspace().dist(['tag', `${host}/single:1`, long])
    const shown = async (command: string) => {
      const ended = await onTerminal(`stty cols ${width} rows 24; dist ${command}`)
      expect(ended.code, ended.stdout).toBe(0)
      return ended.stdout.replaceAll('\r', '').trimEnd().split('\n')
    }
    for (const command of ['images', 'list', 'active', `inspect ${long}`, 'snapshots']) {
      const lines = await shown(command)
      for (const line of lines.slice(command.startsWith('inspect') ? 1 : 0))
        expect(line.length, line).toBeLessThanOrEqual(width)
      expect(lines.join('\n'), command).not.toMatch(/sha256:[0-9a-f]{13}/)
    }
    const images = (await shown('images')).join('\n')
    expect(images).toMatch(/…\S*node-exporter:v1\.8\.2-alpine /)
    expect(images).toContain(`${host}/single:1 `)
    const { digest } = singleImage.descriptor
    for (const command of ['images', 'list', `inspect ${long}`]) {
      expect((await shown(`${command} --no-trunc`)).join('\n'), command).toContain(digest)
      expect((await workspace().shell(`dist ${command} | cat`)).stdout, command).toContain(digest)
    }
    expect((await workspace().shell('dist images | cat')).stdout).toContain(`${long} `)
  },
)

it('--json is one object a line, of every command', async () => {
  const { host } = registry()
  const { digest } = singleImage.descriptor
  for (const args of [
    ['pull', `${host}/single:1`, `${host}/index:1`],
    ['images'],
    ['inspect', `${host}/single:1`],
    ['tag', `${host}/single:1`, 'again'],
    ['resolve', `${host}/single:1`],
    ['list'],
    ['path', digest],
    ['images', 'rm', 'again'],
    ['delete', '--force', digest],
  ]) {
    const ended = await workspace().dist([...args, '--json'])
    expect(ended.code, args.join(' ')).toBe(0)
    const objects = jsonLines(ended.stdout)
    expect(objects.length, args.join(' ')).toBeGreaterThan(0)
    for (const object of objects) expect(object).toMatchObject({ digest: expect.stringMatching(/^sha256:/) })
  }
})

it('options may stand before and behind images rm', async () => {
  const { store } = workspace()
  await workspace().dist(['pull', `${registry().host}/single:1`, `${registry().host}/index:1`])
  const elsewhere = { env: { DIST_STORE: `${store}-other` } }
  const before = await workspace().dist(
    ['images', '--store', store, 'rm', `${registry().host}/single:1`],
    elsewhere,
  )
  expect(before.code).toBe(0)
  const behind = await workspace().dist(
    ['images', 'rm', '--store', store, `${registry().host}/index:1`],
    elsewhere,
  )
  expect(behind.code).toBe(0)
})

it('the default store is below the data folder', async () => {
  const env = { DIST_STORE: '' }
  await workspace().dist(['pull', `${registry().host}/single:1`], { env })
  const { digest } = singleImage.descriptor
  const path = await workspace().dist(['path', '-n', digest], { env })
  expect(path.stdout).toBe(`${workspace().home}/data/dist/blobs/sha256/${digest.slice('sha256:'.length)}\n`)
})

it('--help reads little: none of what commands need', async () => {
  const coverage = join(workspace().root, 'coverage')
  // Node writes down which scripts it has run.
  expect((await workspace().dist(['--help'], { env: { NODE_V8_COVERAGE: coverage } })).code).toBe(0)
  const [report = ''] = readdirSync(coverage)
  const { result } = JSON.parse(readFileSync(join(coverage, report), 'utf8'))
  const files = (result as { url: string }[]).map(({ url }) => url).filter((url) => url.startsWith('file:'))
  expect(files.some((url) => url.endsWith('/main.js'))).toBe(true)
  const bytes = files.reduce((sum, url) => sum + statSync(new URL(url)).size, 0)
  expect(bytes).toBeLessThan(150_000)
})
