import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { faults, startRegistry } from '@dist/testkit'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { freePort, startRedis } from '@dist/testkit/servers'
import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { packagesOf } from '../../../infra/bundling/notices.mjs'
import { options, root } from '../../../infra/bundling/options.mjs'
import { readCoverage } from '../support/coverage.js'
import { type LazyPart, lazyParts, loadedWith } from '../support/lazy-parts.js'
import { bundleFolder } from '../support/program.js'
import { forTest, useRegistry } from '../support/servers.js'
import { startService } from '../support/services.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = useRegistry(({ url }) => pushImage(url, 'single', '1', singleImage))
const { digest } = singleImage.descriptor
const [, layer = digest] = singleImage.blobs.map(({ descriptor }) => descriptor.digest)

/** A terminal, as far as commands look. */
const terminal = `Object.assign(process.stderr, { isTTY: true, columns: 80, rows: 24 })`

/** Runs commands; each ends as is said, and none by a defect. */
function commands(base: Record<string, string>) {
  return async (args: readonly string[], code = 0, more: Record<string, string> = {}, stdin?: string) => {
    const ended = await workspace().dist(args, { env: { ...base, ...more }, stdin })
    expect(ended.stderr).not.toMatch(/internal error|TypeError|is not a function/)
    expect([args, ended.code, ended.code === code ? '' : ended.stderr]).toEqual([args, code, ''])
    return ended
  }
}

type Dist = ReturnType<typeof commands>

/** Credentials that a helper keeps, and settings of a host. */
function registrySettings(): Record<string, string> {
  const { root, home, env } = workspace()
  mkdirSync(join(home, 'docker'))
  mkdirSync(join(home, 'config', 'dist', 'certs.d', registry().host), { recursive: true })
  workspace().file('home/docker/config.json', JSON.stringify({ credsStore: 'test' }))
  const settings = `server = "${registry().url}"\n`
  workspace().file(`home/config/dist/certs.d/${registry().host}/hosts.toml`, settings)
  workspace().file(
    'docker-credential-test',
    '#!/bin/sh\necho credentials not found in native keychain\nexit 1\n',
  )
  return { PATH: `${root}:${env.PATH}` }
}

async function registryCommands(dist: Dist, image: string): Promise<void> {
  await dist(['pull', image])
  await dist(['resolve', image])
  await dist(['fetch', `${registry().host}/single`, '1'])
  await dist(['resolve', image], 0, { DIST_REGISTRIES_CONF: workspace().file('registries.conf', '') })
  await dist(['push', image, `${registry().host}/pushed:1`])
  await dist(['copy', image, `${registry().host}/copied:1`])
  await dist(['mirror', image])
  workspace().file('empty', '')
  await dist(['mirror', '-f', workspace().file('notify.yaml', notifying(registry().host))], 2)
  await dist(['pull', image], 0, { DIST_REQUESTS_PER_HOST: '4' })
  const login = ['login', '-u', 'ada', '--password-stdin', '--authfile', 'auth.json', registry().host]
  await dist(login, 0, {}, 'lovelace')
  await dist(['logout', '--authfile', 'auth.json', registry().host])
  await dist(['completion', 'bash'])
  await dist(['user', 'hash', 'ada', '--password-stdin'], 0, {}, 'lovelace')
  for (const name of ['mirror.yaml', 'mirror.toml'])
    await dist(['config', 'check', workspace().file(name, 'nonsense')], 2)
  await dist(['mirror', '--watch', '-f', 'mirror.yaml'], 2)
  await using guarded = await startRegistry({ auth: { username: 'ada', password: 'lovelace' } })
  await dist(['resolve', `${guarded.host}/app:1`], 4)
  // A realm at another host: its domain is compared.
  const realm = guarded.url.replace('127.0.0.1', 'localhost')
  const challenge = { 'www-authenticate': `Bearer realm="${realm}/none"` }
  guarded.script({ path: '/v2/other/' }, faults.status(401, challenge))
  await dist(['resolve', `${guarded.host}/other:1`], 4, { DOCKER_CONFIG: workspace().root })
  // No server listens there: the command fails after it has loaded the part.
  const nobody = `http://127.0.0.1:${await freePort()}`
  await dist(['resolve', 'registry.test/app'], 1, { HTTPS_PROXY: nobody })
  for (const args of [['tags', 'registry.test/app'], ['df']]) await dist([...args, '--server', nobody], 1)
  const bucket = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', HTTP_PROXY: nobody }
  await dist(['images', '--store', 's3://bucket/prefix?endpoint=http://s3.test:8333'], 1, bucket)
}

/** A mirror file whose target has no secret. */
const notifying = (host: string) => `version: 1
notify-targets: { ops: { url: http://127.0.0.1:1/, secret-file: empty } }
mirrors: [{ name: app, from: ${host}/single, tags: all, notify: ops }]
`

/** A file of each tool has an importer of its own. */
async function importCommands(dist: Dist): Promise<void> {
  for (const tool of ['regsync', 'skopeo', 'image-syncer', 'dregsy'])
    await dist(['config', 'import', '--from', tool, workspace().file(`${tool}.yaml`, 'x: 1')])
}

async function storeCommands(dist: Dist, image: string): Promise<void> {
  await dist(['images'])
  await dist(['inspect', image])
  await dist(['tag', image, 'again:1'])
  await dist(['unpack', image])
  await dist(['bundle', image, 'runtime', '--', 'true'])
  await dist(['snapshots'])
  await dist(['export', image, '-o', 'out.tar'])
  await dist(['import', 'out.tar'])
  await dist(['list'])
  await dist(['path', digest])
  await dist(['verify'])
  await dist(['verify', '--repair'])
  mkdirSync(join(workspace().root, 'applied'))
  await dist(['apply', '--layer', layer, 'applied'])
  await dist(['ingest', 'ref', '--expected-digest', digest])
  await dist(['active'])
  await dist(['abort', 'ref'], 3)
  await dist(['sweep'])
  const tty = { NODE_OPTIONS: `--import=${workspace().file('tty.mjs', terminal)}` }
  await dist(['pull', '--unpack', image], 0, tty)
  await dist(['mirror', image], 0, tty)
  await dist(['delete', '--force', digest])
}

async function queueCommands(env: Record<string, string>, image: string): Promise<void> {
  const redis = await forTest(startRedis())
  const store = join(workspace().root, 'mirrored')
  const dist = commands({ ...env, DIST_STORE: store })
  const flags = { args: ['--queue', redis.url, '--store', store] }
  const services = (['coordinator', 'worker'] as const).map((name) => startService(workspace(), name, flags))
  await Promise.all(services.map((service) => service.logged('ready')))
  const queue = { DIST_QUEUE: redis.url }
  const run = (await dist(['mirror', '--detach', image], 0, queue)).stdout.trim()
  await dist(['status', '--watch', run], 0, queue)
  await dist(['runs'], 0, queue)
  await dist(['schedule', 'list'], 0, queue)
  await dist(['gc'], 0, queue)
  await dist(['hosts'], 0, queue)
  await dist(['token', 'list'], 0, queue)
  await dist(['runs', '--server', 'nonsense'], 2)
  await dist(['hosts'])
  await dist(['retry', run], 0, queue)
  await dist(['cancel', run], 0, queue)
  for (const { running } of services) running.child.kill('SIGTERM')
  await Promise.all(services.map(({ running }) => running.ended))
  // The programs above bring their services along; the command loads them, and what reads their files.
  const yaml = workspace().file('dist.yaml', 'nonsense: 1\n')
  const toml = workspace().file('dist.toml', 'nonsense = 1\n')
  for (const [name, config] of [
    ['coordinator', yaml],
    ['worker', toml],
    ['dashboard', yaml],
    ['serve', yaml],
  ] as const)
    await dist([name, '--config', config], 2)
  await dist(['serve', '--print-config', 'podman'])
}

describe('the bundle', () => {
  let metafile: Metafile
  beforeAll(async () => {
    metafile = (await build({ ...options, write: false })).metafile
  })

  it('has no part that is loaded when it is needed and cannot be called then', async () => {
    const coverage = join(workspace().root, 'coverage')
    const env = { NODE_V8_COVERAGE: coverage, ...registrySettings() }
    const dist = commands(env)
    const image = `${registry().host}/single:1`
    const here = async () => {
      await registryCommands(dist, image)
      await importCommands(dist)
      await storeCommands(dist, image)
    }
    await Promise.all([here(), queueCommands(env, image)])
    const use = readCoverage(coverage)
    const parts = lazyParts(metafile)
    const sources = (those: LazyPart[]) => those.map(({ source }) => source)
    expect(parts.length).toBeGreaterThan(30)
    const missing = parts.filter(({ file }) => !existsSync(join(bundleFolder(), basename(file))))
    expect(missing, 'the bundle is older than the sources: npm run build').toEqual([])
    // A part that is new here needs a command above that uses it.
    expect(sources(parts.filter(({ file }) => !use(basename(file)).loaded))).toEqual([])
    expect(sources(parts.filter(({ file }) => !use(basename(file)).called))).toEqual([])
  }, 300_000)

  it('loads neither the registry client nor the languages of zod with the client of a queue', async () => {
    const parts = ['packages/wiring/src/queue.ts', 'packages/queue/src/index.ts']
    const loaded = parts.flatMap((part) => [...loadedWith(part, metafile)])
    expect(loaded).toEqual(expect.arrayContaining(['packages/settings/src/schema.ts', ...parts.slice(0, 1)]))
    const idle = /\/undici\/|registry-client|zod.*\/locales\/(?!en\.)/
    expect(loaded.filter((source) => idle.test(source))).toEqual([])
  })

  it('loads nothing that registries, queues and buckets need for a command that reads a folder', async () => {
    const parts = [
      ...['images/images', 'images/verify', 'content/list', 'content/df', 'content/gc', 'rootfs/apply'].map(
        (command) => `services/cli/src/${command}.ts`,
      ),
      'packages/wiring/src/store.ts',
      'packages/content-local/src/index.ts',
    ]
    const loaded = parts.flatMap((part) => [...loadedWith(part, metafile)])
    expect(loaded).toEqual(
      expect.arrayContaining([...parts.slice(0, -1), 'packages/content-local/src/store.ts']),
    )
    const idle =
      /\/(undici|zod|bullmq|ioredis|@aws-sdk)\/|packages\/(registry-client|transfer-threads|queue|redis)\//
    expect(loaded.filter((source) => idle.test(source))).toEqual([])
  })

  it('loads neither schemas, mirror files and queues nor HTTP/2 for a pull', async () => {
    const parts = [
      'services/cli/src/images/pull.ts',
      'packages/wiring/src/index.ts',
      'packages/settings/src/command.ts',
    ]
    const loaded = parts.flatMap((part) => [...loadedWith(part, metafile)])
    expect(loaded).toEqual(expect.arrayContaining([...parts.slice(0, 1), 'packages/wiring/src/remote.ts']))
    const idle =
      /\/(zod|yaml|smol-toml|re2js|croner|bullmq|ioredis|@aws-sdk)\/|packages\/(sync|runs|queue|schedule)\//
    expect(loaded.filter((source) => idle.test(source))).toEqual([])
  })

  it('comes with the licences of all that is in it', async () => {
    const notices = readFileSync(join(bundleFolder(), 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    const bundled = packagesOf(Object.keys(metafile.inputs), root).map((folder) =>
      JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
    )
    expect(bundled.length).toBeGreaterThan(100)
    const named = ({ name, version }: { name: string; version: string }) => `${name} ${version} (`
    expect(bundled.map(named).filter((line) => !notices.includes(line))).toEqual([])
    // What the dashboard's pages are made of.
    for (const name of [
      '@bull-board/ui',
      'react',
      'react-dom',
      'recharts',
      'highlight.js',
      'codemirror-json-schema',
    ])
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'))
    expect(notices).toContain('THE SOFTWARE IS PROVIDED "AS IS"')
    expect(notices).toContain('END OF TERMS AND CONDITIONS')
    expect(readFileSync(join(bundleFolder(), 'LICENSE'), 'utf8')).toContain('Apache License')
  })
})
