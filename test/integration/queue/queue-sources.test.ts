import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistry } from '@dist/testkit'
import {
  amd64Image,
  arm64Image,
  artifactOf,
  indexImage,
  ociImage,
  pushImage,
  seededLayer,
} from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import type { ReportLine } from '../support/mirror-text.js'
import { hastyProgram, startProcess } from '../support/processes.js'
import { endOf } from '../support/queue-client.js'
import { latch } from '../support/queue-verify.js'
import { forFile, forTest, useRegistry } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, linesOf, Workspace } from '../support/workspace.js'

const one = ociImage({ layers: [seededLayer('one', 1000)] })
const two = ociImage({ layers: [seededLayer('two', 1000)] })

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/web', 'v1.0', one)
  await pushImage(url, 'team/web', 'v1.1', two)
  await pushImage(url, 'team/web', 'edge', two)
  await pushImage(url, 'team/jobs', 'v1.0', two)
  await pushImage(url, 'index', '1', indexImage)
})
const target = useRegistry()
// One store and its services for all tests: each mirrors repositories of its own, or looks at what it has submitted.
const workspace = new Workspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const queue = await forFile(openQueue(redis.url, {}))
beforeAll(async () => void (await startServices(workspace, redis.url)))

/** `$SOURCE` and `$TARGET` stand for the registries. */
const filled = (text: string) =>
  text.replaceAll('$SOURCE', source().host).replaceAll('$TARGET', target().host)
const dist = (args: readonly string[]) => workspace.dist(args, { env: { DIST_QUEUE: redis.url } })

async function mirror(text: string, ...args: string[]) {
  const path = workspace.file('dist.yaml', filled(text))
  const ended = await dist(['mirror', '-f', path, '--json', ...args])
  const lines = jsonLines<ReportLine & { run: string }>(ended.stdout)
  return { ...ended, lines: lines.sort((a, b) => (a.to ?? a.name).localeCompare(b.to ?? b.name)) }
}

it('a mirror file by a queue: coordinators list and select, into the store and registries', async () => {
  const text = `
    version: 1
    mirrors:
      - { name: team, from: $SOURCE/team/**, tags: { include: "v*" } }
      - { name: copy, from: $SOURCE/team/web, tags: { list: v1.0, immutable: v* }, to: "$TARGET/{registry}/{name}:{tag}-x" }
      - { name: arm, from: "$SOURCE/index:1", platforms: linux/arm64, index: stripped, to: [store, "$TARGET/arm"] }
  `
  const { code, lines, stderr } = await mirror(text)
  expect(code).toBe(0)
  expect(stderr).toMatch(/^dist: run \S+: 3 mirrors submitted$/m)
  const copy = `${target().host}/${source().host.replace(':', '_')}/web:v1.0-x`
  const named = (name: string) => `${source().host}/${name}`
  expect(new Set(lines.map(({ entry, name, to }) => `${entry} ${name} ${to ?? '-'}`))).toEqual(
    new Set([
      `team ${named('team/jobs:v1.0')} -`,
      `team ${named('team/web:v1.0')} -`,
      `team ${named('team/web:v1.1')} -`,
      `copy ${named('team/web:v1.0')} ${copy}`,
      `arm ${named('index:1')} -`,
      `arm ${named('index:1')} ${target().host}/arm:1`,
    ]),
  )
  await expectPushed(copy, one)
  const stripped = await workspace.dist(['inspect', '--json', named('index:1')])
  expect(stripped.stdout).toContain(arm64Image.descriptor.digest)
  expect(stripped.stdout).not.toContain(amd64Image.descriptor.digest)
  await source().settled()
  source().clearRequests()
  const again = await mirror(text)
  expect(again.lines.map(({ upToDate }) => upToDate)).toEqual(Array(6).fill(true))
  await source().settled()
  const asked = source().requests()
  expect(asked.filter(({ path }) => path.includes('/blobs/'))).toEqual([])
  // An immutable tag is not asked for.
  expect(
    asked.filter(({ path }) => path.endsWith('/manifests/v1.0') && path.includes('team/web')),
  ).toHaveLength(1)
})

it('signatures come with their images, also one that arrives between two runs', async () => {
  await using registry = await startRegistry({ referrers: 100 })
  registry.content.putImage('app', '1', one)
  const cosignTag = `${one.descriptor.digest.replace(':', '-')}.sig`
  registry.content.putImage('app', cosignTag, two)
  const text = `version: 1\nmirrors: [{ from: "${registry.host}/app:1", referrers-fresh-for: 0h }]`
  expect(await mirror(text)).toMatchObject({ code: 0 })
  const { stdout } = await workspace.dist(['images', '-q', '--all'])
  const own = linesOf(stdout).filter((name) => name.startsWith(`${registry.host}/`))
  expect(own.sort()).toEqual([`${registry.host}/app:1`, `${registry.host}/app:${cosignTag}`])
  const signature = artifactOf(one, 'a signature')
  registry.content.putImage('app', signature.descriptor.digest, signature)
  expect(await mirror(text)).toMatchObject({ code: 0 })
  const inspected = await workspace.dist(['inspect', '--json', `${registry.host}/app:1`])
  expect(inspected.stdout).toContain(signature.descriptor.digest)
})

it('a source that cannot be listed fails alone, with the stage; retry takes the rest', async () => {
  const later = `later-${randomUUID()}`
  const { code, lines } = await mirror(`
    version: 1
    mirrors:
      - { name: none, from: $SOURCE/no/such, tags: all }
      - { name: later, from: "$SOURCE/${later}:1" }
      - { name: web, from: $SOURCE/team/web, tags: { list: v1.0 } }
  `)
  expect(code).toBe(6)
  const by = new Map(lines.map((line) => [line.entry, line]))
  expect(by.get('none')).toMatchObject({ state: 'failed', code: 'NOT_FOUND', stage: 'listing' })
  expect(by.get('none')?.error).toContain('submit the mirror file again')
  expect(by.get('later')).toMatchObject({ state: 'failed', code: 'NOT_FOUND' })
  expect(by.get('web')).toMatchObject({ state: 'done' })
  await pushImage(source().url, later, '1', two)
  const run = lines[0]?.run ?? ''
  expect(await queue.runs.retry(run)).toBe(2)
  await endOf(queue, run)
  const report = join(workspace.root, 'report.jsonl')
  await dist(['status', run, '--report', report])
  const retried = jsonLines<ReportLine>(readFileSync(report, 'utf8'))
  const after = new Map(retried.map((line) => [line.entry, line.state]))
  expect([after.get('none'), after.get('later'), after.get('web')]).toEqual(['failed', 'done', 'done'])
})

it('an image that fails tells at which stage, and one that moved what had its name before', async () => {
  await using registry = await startRegistry()
  const { content } = registry
  const { mediaType } = one.descriptor
  content.putImage('app', 'moves', one)
  content.putManifest('bad', indexImage.content, indexImage.descriptor.mediaType, 'children')
  const lost = ociImage({ layers: [seededLayer('lost', 1000)] })
  content.putManifest('lacks', lost.content, mediaType, 'blobs')
  const text = `
    version: 1
    defaults: { referrers: false }
    mirrors:
      - { name: moves, from: "${registry.host}/app:moves", to: [store, "$TARGET/moves-${registry.host.split(':')[1]}"] }
      - { name: none, from: "${registry.host}/app:none" }
      - { name: bad, from: "${registry.host}/bad:children" }
      - { name: lacks, from: "${registry.host}/lacks:blobs" }
  `
  const stages = ({ lines }: { lines: readonly ReportLine[] }) =>
    new Map(lines.map(({ entry, stage }) => [entry, stage]))
  const first = await mirror(text)
  expect(first.code).toBe(6)
  expect(stages(first)).toEqual(
    new Map([
      ['moves', undefined],
      ['none', 'resolving'],
      ['bad', 'planning'],
      ['lacks', 'transferring'],
    ]),
  )
  expect(first.lines.flatMap(({ previous }) => previous ?? [])).toEqual([])
  content.putImage('app', 'moves', two)
  const second = await mirror(text)
  const moved = second.lines.filter(({ entry }) => entry === 'moves')
  expect(moved.map(({ digest, previous }) => [digest, previous])).toEqual(
    Array(2).fill([two.descriptor.digest, one.descriptor.digest]),
  )
})

it('a submitted file that tries to read a secret is refused by line, and nothing is submitted', async () => {
  const text = `version: 1
registries:
  $SOURCE: { username: a, password-file: /etc/passwd }
mirrors:
  - from: "$SOURCE/\${HOME}:1"
`
  const before = await queue.runs.list()
  const { code, stderr, stdout } = await mirror(text)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/dist\.yaml:2:1: registries is not allowed in a file that is submitted/)
  expect(stderr).toMatch(/dist\.yaml:3:\d+: password-file is not allowed/)
  expect(stderr).toMatch(/dist\.yaml:5:\d+: a variable is not allowed/)
  expect(await queue.runs.list()).toEqual(before)
})

it('a file with a secret that reaches Redis by another way is refused by the coordinator', async () => {
  const client = new Redis(redis.url)
  const runs = new Queue('runs', { connection: client, prefix: '{dist}' })
  onTestFinished(async () => {
    await runs.close()
    client.disconnect()
  })
  // The coordinator begins with the run when its file has been replaced.
  await runs.pause()
  const sources = {
    text: filled('{"version":1,"mirrors":[{"from":"$SOURCE/team/web:v1.0"}]}'),
    language: 'json',
  } as const
  const run = await queue.runs.submit({ references: [], sources, platforms: 'all' })
  const hostile = `version: 1\nmirrors: [{ from: "${source().host}/\${HOME}:1" }]`
  await client.set(`{dist}:run:${run}:sources`, JSON.stringify({ text: hostile, language: 'yaml' }))
  await runs.resume()
  expect(await endOf(queue, run)).toBe('failed')
  const { error } = await queue.runs.status(run)
  expect(error?.message).toContain('a variable is not allowed')
})

it('a coordinator is killed while it lists: another one goes on with what is not listed yet', async () => {
  await using registry = await startRegistry()
  registry.content.putImage('team/a', '1', one)
  registry.content.putImage('team/b', '1', two)
  const other = await forTest(startRedis())
  const its = await forTest(openQueue(other.url, {}))
  const held = latch()
  const lists = (repository: string) => ({ path: `/v2/team/${repository}/tags/list` })
  registry.script(
    lists('b'),
    async (_, proper) => {
      held.open()
      await new Promise(() => {})
      return proper()
    },
    { times: 1 },
  )
  const start = (name: 'coordinator' | 'worker') =>
    startProcess(name, [...hastyProgram(name), '--store', workspace.store, '--listen', '127.0.0.1:0'], {
      ...workspace.env,
      DIST_QUEUE: other.url,
    })
  const first = await start('coordinator')
  onTestFinished(() => first.kill())
  const text = `version: 1\nmirrors: [{ name: team, from: "${registry.host}/team/*", tags: all, referrers: false }]`
  const sources = { text, language: 'yaml' } as const
  const run = await its.runs.submit({ references: [], sources, platforms: 'all' })
  await held.opened
  // The repositories of the pattern, and the tags of team/a.
  const client = new Redis(other.url)
  const [listed = ''] = await client.keys('{dist}:run:*:listed')
  await waitFor(async () => (await client.hlen(listed)) === 2, 'what is listed in Redis')
  client.disconnect()
  await first.kill()
  const others = await Promise.all([start('coordinator'), start('worker')])
  onTestFinished(async () => void (await Promise.all(others.map((each) => each.kill()))))
  expect(await endOf(its, run)).toBe('done')
  expect((await its.runs.status(run)).images).toMatchObject({ total: 2, done: 2 })
  expect(['a', 'b'].map((each) => registry.received(lists(each)).length)).toEqual([1, 2])
})
