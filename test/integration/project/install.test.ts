import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forTest, useRegistry } from '../support/servers.js'
import { type Running, useWorkspace } from '../support/workspace.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const workspace = useWorkspace()
const registry = useRegistry(({ url }) => pushImage(url, 'single', '1', singleImage))
const folder = mkdtempSync(join(tmpdir(), 'dist-install-'))
const prefix = join(folder, 'prefix')
const installed = join(prefix, 'lib', 'node_modules', '@dist', 'cli')

/** As the README's Install has it, in a prefix that is empty, with no registry to ask and an empty cache. */
beforeAll(async () => {
  await run('npm', ['pack', '-w', '@dist/cli', '--pack-destination', folder], { cwd: root })
  const packed = readdirSync(folder)
  expect(packed).toEqual([expect.stringMatching(/^dist-cli-\d+\.\d+\.\d+\.tgz$/)])
  const alone = ['--offline', '--registry', 'http://127.0.0.1:1', '--cache', join(folder, 'cache')]
  const file = join(folder, String(packed[0]))
  await run('npm', ['install', '-g', '--prefix', prefix, ...alone, file], { cwd: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** PATH has the installed package and Node, and nothing of the repository. */
const env = (more: Record<string, string> = {}) => ({
  PATH: [join(prefix, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
  ...more,
})

/** Starts a program out of PATH, which logs JSON, until it says that it is ready. */
async function started(program: string, more: Record<string, string>): Promise<Running> {
  const running = workspace().startShell(`exec ${program} --listen 127.0.0.1:0`, { env: env(more) })
  await running.said('"msg":"ready"')
  return running
}

describe('what npm pack makes of the command', () => {
  it('puts the command and its services into PATH, and brings no package along', () => {
    expect(readdirSync(join(prefix, 'bin')).sort()).toEqual([
      'dist',
      'dist-coordinator',
      'dist-dashboard',
      'dist-registry',
      'dist-worker',
    ])
    expect(readdirSync(join(prefix, 'lib', 'node_modules'))).toEqual(expect.arrayContaining(['@dist']))
    expect(readdirSync(dirname(installed))).toEqual(['cli'])
    expect(readdirSync(installed).sort()).toEqual(['bin', 'bundle', 'package.json'])
    expect(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))).not.toHaveProperty(
      'dependencies',
    )
  })

  it('pulls an image from a registry', async () => {
    const image = `${registry().host}/single:1`
    const script = `dist --version && dist pull ${image} && dist images && dist verify`
    const ended = await workspace().shell(script, { env: env() })
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout).toContain(singleImage.descriptor.digest)
    expect(ended.stdout).toContain('0 bad')
  })

  it('mirrors an image by its services, and shows their queue', async () => {
    const redis = await forTest(startRedis())
    const more = { DIST_QUEUE: redis.url, DIST_STORE: workspace().store }
    await Promise.all(['dist-coordinator', 'dist worker'].map((program) => started(program, more)))
    const dashboard = await started('dist-dashboard', more)
    const ended = await workspace().shell(`dist mirror ${registry().host}/single:1`, { env: env(more) })
    expect(ended.code, ended.stderr).toBe(0)
    const [, url = ''] = /"url":"([^"]+)"/.exec(dashboard.stdout()) ?? []
    const page = await (await fetch(`${url}queues/`)).text()
    const [, script = ''] = /<script[^>]* src="([^"]+\.js)"/.exec(page) ?? []
    const served = await fetch(new URL(script, `${url}queues/`))
    expect(served.status).toBe(200)
    expect((await served.text()).length).toBeGreaterThan(10_000)
  })
})
