import type { Scope } from '@dist/runs'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { freePort, startRedis } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { tokenFor } from '../support/queue-client.js'
import { forFile, useRegistry } from '../support/servers.js'
import { startService } from '../support/services.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = await forFile(startRedis())
const registry = useRegistry(({ url }) => pushImage(url, 'team/web', '1', singleImage))

/** The address of a dashboard, and a token. */
async function serverEnv(scope: Scope): Promise<Record<string, string>> {
  const dashboard = startService(workspace(), 'dashboard', { env: { DIST_QUEUE: redis.url } })
  const [url, token] = await Promise.all([dashboard.url(), tokenFor(redis.url, scope)])
  return { DIST_SERVER: url, DIST_TOKEN: token }
}

it('commands work on a queue by the API of its dashboard, without its Redis, store and credentials', async () => {
  await startServices(workspace(), redis.url)
  const env = await serverEnv('admin')
  const dist = (...args: string[]) => workspace().dist(args, { env })
  const host = registry().host
  const mirrored = await dist(
    'mirror',
    `${host}/team/web:1`,
    `${host}/team/none:1`,
    '--report',
    'report.jsonl',
  )
  expect([mirrored.code, mirrored.stderr]).toEqual([6, expect.stringContaining('team/none:1')])
  const [run = ''] = linesOf((await dist('runs')).stdout)[1]?.split(' ') ?? []
  expect(mirrored.stderr).toContain(run)
  const status = await dist('status', run.slice(0, 12))
  expect(status.stdout).toMatch(/^images +1\/2 done, 1 failed/m)
  expect(status.stdout).toContain(`failed     ${host}/team/none:1`)
  expect((await dist('retry', run)).stdout).toBe(`${run} 1 image\n`)
  expect((await dist('status', '--watch', run)).code).toBe(6)
  expect((await dist('cancel', run)).stdout).toBe(`${run}\n`)
  expect((await dist('status', 'none0000')).code).toBe(3)

  const file = workspace().file(
    'dist.yaml',
    `version: 1\nname: prod\nmirrors: [{ name: web, from: "${host}/team/web:1", schedule: "@yearly" }]\n`,
  )
  const detached = await dist('mirror', '-f', file, '--detach', '--json')
  const [{ run: submitted = '' } = {}] = jsonLines<{ run?: string }>(detached.stdout)
  expect((await dist('status', '--watch', submitted)).code).toBe(0)
  expect((await dist('schedule', 'apply', '-f', file)).stdout).toContain('added    web  @yearly')
  const started = (await dist('schedule', 'run', 'web')).stdout.trim()
  expect((await dist('status', '--watch', started)).code).toBe(0)
  expect((await dist('schedule', 'list')).stdout).toMatch(/^web +@yearly /m)
  expect((await dist('schedule', 'remove', 'web')).stdout).toBe('web\n')
  expect((await dist('verify', '--repair')).code).toBe(0)
  expect((await dist('gc', '--dry-run', '--grace', '0')).code).toBe(0)
  const collected = await dist('gc', '--grace', '24h', '--json')
  expect(jsonLines(collected.stdout)).toMatchObject([{ images: 1, complete: true }])

  const explained = await dist('tags', `${host}/team/web`, '--include', '2*', '--explain')
  expect([explained.code, explained.stdout]).toEqual([0, '1\tinclude\n'])
  expect(explained.stderr).toBe('dist: 1 tag: 1 not included, 0 selected\n')
  expect((await dist('tags', `${host}/team/web`)).stdout).toBe('1\n')
  const unlisted = await dist('tags', `${host}/team/none`)
  expect([unlisted.code, unlisted.stderr]).toEqual([3, expect.stringContaining('team/none')])
  const local = await dist(
    'tags',
    `${host}/team/web`,
    '--plain-http',
    host,
    '--server',
    env.DIST_SERVER ?? '',
  )
  expect([local.code, local.stderr]).toEqual([2, expect.stringContaining('--plain-http exclude each other')])

  const [usage] = jsonLines<Usage>((await dist('df', '--json')).stdout)
  expect(usage).toMatchObject({
    images: 1,
    shared: { objects: 0 },
    reclaimable: { objects: 0 },
    complete: true,
  })
  const images = await dist('df', '--images', '--json')
  expect(jsonLines(images.stdout)).toEqual([
    { name: `${host}/team/web:1`, all: usage?.needed, own: usage?.needed },
    usage,
  ])
  expect((await dist('df')).stdout).toMatch(/^images \(1\) +5 /m)
  expect(jsonLines((await dist('df', '--entries', '--json')).stdout)).toEqual([
    { entry: 'web', images: 1, all: usage?.needed, own: usage?.needed },
  ])
  expect((await dist('df', '--entries')).stdout).toMatch(/^ENTRY +IMAGES +SIZE +OWN\nweb +1 /)
  expect((await dist('df', '--store', 'nothing')).code).toBe(3)
  const [all] = jsonLines<{ host: string }>((await dist('hosts', '--json')).stdout)
  expect(all).toMatchObject({ host: '*', policy: { requests: 8 } })
  expect((await dist('active')).code).toBe(0)
}, 150_000)

interface Usage {
  readonly needed: object
}

it('a scope that is too small, a token that is none, and a server that is away are told', async () => {
  const env = await serverEnv('read')
  const dist = (args: string[], more: Record<string, string> = {}) =>
    workspace().dist(args, { env: { ...env, ...more } })
  const refused = await dist(['mirror', 'a:1', '--detach'])
  expect([refused.code, refused.stderr]).toEqual([
    4,
    'dist: the scope submit is required; the token has read\n',
  ])
  const unknown = await dist(['runs'], { DIST_TOKEN: 'dist_aaaaaa_wrong' })
  expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('the token is not valid')])
  const away = `127.0.0.1:${await freePort()}`
  const lost = await dist(['runs', '--server', `http://${away}`])
  expect([lost.code, lost.stderr]).toEqual([1, `dist: ${away}: cannot be reached (ECONNREFUSED)\n`])
  const both = await dist(['runs', '--queue', redis.url, '--server', `http://${away}`])
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')])
  const plain = await dist(['runs', '--server', 'http://192.0.2.1'])
  expect([plain.code, plain.stderr]).toEqual([2, expect.stringContaining('over https only')])
})
