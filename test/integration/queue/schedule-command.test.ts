// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the variables of mirror files
import { writeFileSync } from 'node:fs'
import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { Redis } from 'ioredis'
import { afterEach, expect, it } from 'vitest'
import { hastyProgram, type ServiceProcess, startProcess } from '../support/processes.js'
import { applySchedules, endOf } from '../support/queue-client.js'
import { forTest, useRegistry } from '../support/servers.js'
import { useRedis } from '../support/services-queue.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/web', '1', ociImage({ layers: [seededLayer('web', 1000)] }))
  await pushImage(url, 'team/base', '1', ociImage({ layers: [seededLayer('base', 1000)] }))
})
const redis = useRedis()
const workspace = useWorkspace()

const dist = (...args: string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
const fileOf = (text: string) => workspace().file('dist.yaml', text.replaceAll('$SOURCE', source().host))

const services: ServiceProcess[] = []
afterEach(async () => {
  for (const service of services.splice(0)) await service.kill()
})

async function start(name: 'coordinator' | 'worker', ...args: string[]): Promise<ServiceProcess> {
  const flags = ['--queue', redis().url, '--store', workspace().store, '--listen', '127.0.0.1:0', ...args]
  const env = { ...workspace().env, PLACE: source().host }
  const service = await startProcess(name, [...hastyProgram(name), ...flags], env)
  services.push(service)
  return service
}

interface Listed {
  readonly name: string
  readonly when: string
  readonly paused: boolean
  readonly next?: string
  readonly skipped: number
  readonly run?: { readonly id: string; readonly state: string }
}

async function listed(): Promise<Listed[]> {
  const { code, stdout, stderr } = await dist('schedule', 'list', '--json')
  expect(code, stderr).toBe(0)
  return jsonLines<Listed>(stdout)
}

/** The schedules, as the queue tells them without a command. */
async function known() {
  const queue = await forTest(openQueue(redis().url, {}))
  const schedules = queue.schedules()
  return { queue, list: () => schedules.list() }
}

const two = `version: 1
name: production
mirrors:
  - { name: nightly, from: "$SOURCE/team/web:1", schedule: "15 3 * * *", time-zone: Europe/Berlin }
  - { name: base, from: "$SOURCE/team/base:1", every: 6h }
  - { from: "$SOURCE/team/other:1" }
`

it('the schedules of a file run by themselves and by hand', async () => {
  await Promise.all([start('coordinator'), start('worker')])
  const path = fileOf(two)
  const applied = await dist('schedule', 'apply', '-f', path)
  expect(applied.code, applied.stderr).toBe(0)
  expect(linesOf(applied.stdout)).toEqual([
    'added    nightly  15 3 * * * Europe/Berlin',
    'added    base  every 6h',
    '2 schedules: 2 added, 0 changed, 0 unchanged, 0 removed',
  ])
  expect(applied.stderr).toContain('1 mirror of ')
  // An interval begins with a run.
  const { queue, list } = await known()
  await waitFor(async () => (await list())[0]?.run?.state === 'done', 'the run of the interval', 30_000)
  const [base, nightly] = await listed()
  expect(base).toMatchObject({ name: 'base', when: 'every 6h', paused: false, skipped: 0 })
  expect(nightly).toMatchObject({ name: 'nightly', when: '15 3 * * * Europe/Berlin', paused: false })
  expect(nightly?.next).toMatch(/T0[12]:15:00.000Z$/)
  const images = await workspace().dist(['images', '-q'])
  expect(linesOf(images.stdout)).toEqual([`${source().host}/team/base:1`])

  const run = await dist('schedule', 'run', 'nightly')
  expect(run.code, run.stderr).toBe(0)
  const id = run.stdout.trim()
  expect(await endOf(queue, id)).toBe('done')
  expect((await dist('status', id)).stdout).toMatch(/^schedule {3}nightly$/m)
  const runs = linesOf((await dist('runs', '--schedule', 'nightly')).stdout)
  expect(runs.slice(1)).toEqual([expect.stringMatching(new RegExp(`^${id} .* nightly$`))])
})

it('a schedule is paused, resumed and removed, and goes with its entry', async () => {
  const path = fileOf(two)
  await applySchedules(redis().url, path)
  const { list } = await known()
  const [, nightly] = await list()
  const id = (await dist('schedule', 'run', 'nightly')).stdout.trim()
  expect((await dist('schedule', 'pause', 'nightly', 'none')).code).toBe(6)
  const table = await dist('schedule', 'list')
  expect(table.stderr).toBe('dist: no coordinator is alive: start dist coordinator\n')
  expect(linesOf(table.stdout)[2]).toMatch(
    new RegExp(`^nightly +15 3 \\* \\* \\* Europe/Berlin +- .* ago +paused, running +${id} +production$`),
  )
  expect((await dist('schedule', 'resume', 'nightly')).code).toBe(0)
  expect((await list())[1]).toMatchObject({ paused: false, next: nightly?.next })

  const again = await dist('schedule', 'apply', '--json', '-f', path)
  expect(jsonLines(again.stdout)).toEqual([
    { file: 'production', added: [], changed: [], unchanged: ['nightly', 'base'], removed: [] },
  ])
  fileOf(two.replace(/.*name: nightly.*\n/, ''))
  expect((await dist('schedule', 'apply', '-f', path)).stdout).toContain('removed  nightly\n')
  expect((await dist('schedule', 'remove', 'base')).stdout).toBe('base\n')
  expect(await list()).toEqual([])
})

it('mistakes: a file by line, a name of another file, a schedule that is not there, a queue that is away', async () => {
  const path = fileOf(two)
  await applySchedules(redis().url, path)
  const other = workspace().file(
    'other.yaml',
    `version: 1\nmirrors: [{ name: base, from: "a:1", every: 1d }]\n`,
  )
  const foreign = await dist('schedule', 'apply', '-f', other)
  expect(foreign).toMatchObject({ code: 1, stdout: '' })
  expect(foreign.stderr).toContain('schedule base: it is of the mirror file production')
  expect((await dist('schedule', 'apply', '-f', other, '--force')).stdout).toContain(
    'changed  base  every 1d\n',
  )
  expect((await listed()).find(({ name }) => name === 'base')).toMatchObject({ file: other })
  expect((await dist('schedule', 'apply', '-f', path)).stderr).toContain(`it is of the mirror file ${other}`)
  const bad = workspace().file(
    'bad.yaml',
    'version: 1\nmirrors:\n  - { name: a, from: "${HOST}/a:1", every: 1h }\n',
  )
  const refused = await dist('schedule', 'apply', '-f', bad)
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/bad\.yaml:3:22: a variable is not allowed in a file that is submitted/)
  expect((await workspace().dist(['schedule', 'list'])).stderr).toContain('no queue is configured')
  expect((await dist('schedule', 'run', 'none')).code).toBe(3)
  expect((await dist('schedule', 'apply')).code).toBe(2)
  await redis().stop()
  const away = await dist('schedule', 'list')
  expect(away.code).toBe(1)
  expect(away.stderr).toMatch(/redis at 127\.0\.0\.1:\d+/)
}, 150_000)

it('a run that is going is not started again (Q20), and the list tells that', async () => {
  const coordinator = await start('coordinator')
  const path = fileOf('version: 1\nmirrors: [{ name: often, from: "$SOURCE/team/web:1", every: 10s }]\n')
  await applySchedules(redis().url, path)
  // No worker: the run does not end.
  await coordinator.logged('the start', ({ msg }) => msg === 'schedule started')
  await coordinator.logged('the start that is left out', ({ msg }) => msg === 'schedule skipped')
  const [often] = await listed()
  expect(often).toMatchObject({ skipped: 1, run: { state: 'running' } })
  const refused = await dist('schedule', 'run', 'often')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`its run ${often?.run?.id} is still going`)
})

it('a coordinator keeps the schedules of its mirror file, also through changes, mistakes and a wiped Redis (Q22)', async () => {
  const text = (name: string) =>
    `version: 1\nmirrors: [{ name: ${name}, from: "\${PLACE}/team/web:1", schedule: "@yearly" }]\n`
  const path = workspace().file('dist.yaml', text('one'))
  const coordinator = await start('coordinator', '--mirror-file', path)
  const { list } = await known()
  const names = async () => (await list()).map(({ name }) => name).join()
  await waitFor(async () => (await names()) === 'one', 'the schedule', 30_000)
  writeFileSync(path, text('two'))
  await waitFor(async () => (await names()) === 'two', 'the changed schedule', 30_000)
  writeFileSync(path, 'version: 1\nmirrors:\n  - { name: x }\n')
  await coordinator.logged('the mistake', ({ msg }) => msg.startsWith('the mirror file has a mistake'))
  expect(await names()).toBe('two')
  const admin = new Redis(redis().url)
  await admin.flushall()
  admin.disconnect()
  await waitFor(async () => (await names()) === 'two', 'the schedule after the loss', 30_000)
})

it('a Redis that loses schedules that no coordinator has from a file is reported (Q22)', async () => {
  const path = fileOf(two)
  await applySchedules(redis().url, path)
  const coordinator = await start('coordinator')
  // It has seen the schedules by then.
  await coordinator.logged('the run', ({ msg }) => msg === 'run started')
  const admin = new Redis(redis().url)
  await admin.flushall()
  admin.disconnect()
  await coordinator.logged(
    'the loss',
    ({ msg, schedule }) => msg === 'schedule lost' && schedule === 'base, nightly',
  )
  const status = await dist('status')
  expect(status.stderr).toMatch(
    /^dist: Redis lost 2 schedules at \S+ \(base, nightly\): apply the mirror file again with dist schedule apply$/m,
  )
  expect((await dist('schedule', 'apply', '-f', path)).code).toBe(0)
  expect((await dist('status')).stderr).not.toContain('lost')
})

it.each([
  ['registries', 'registries: { r.example: { plain-http: true } }\nmirrors: []', 'registries is not allowed'],
  [
    'a mistake',
    'mirrors: [{ from: "a:1", every: 1d }]',
    ':2:11: mirrors[0]: an entry with a schedule needs a name',
  ],
])('a coordinator does not start with a mirror file that has %s', async (_, rest, message) => {
  const path = workspace().file('dist.yaml', `version: 1\n${rest}\n`)
  const { code, stdout } = await dist('coordinator', '--mirror-file', path, '--listen', '127.0.0.1:0')
  expect(code).toBe(2)
  expect(stdout).toContain(message)
})
