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
import { waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import type { ReportLine } from '../support/mirror-text.js'
import { hastyProgram, startProcess } from '../support/processes.js'
import { latch } from '../support/queue-verify.js'
import { useRegistry } from '../support/servers.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

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
const redis = useRedis()
const workspace = useWorkspace()

/** `$SOURCE` and `$TARGET` stand for the registries. */
const filled = (text: string) =>
  text.replaceAll('$SOURCE', source().host).replaceAll('$TARGET', target().host)
const dist = (args: readonly string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })

async function mirror(text: string, ...args: string[]) {
  const path = workspace().file('dist.yaml', filled(text))
  const ended = await dist(['mirror', '-f', path, '--json', ...args])
  const lines = jsonLines<ReportLine & { run: string }>(ended.stdout)
  return { ...ended, lines: lines.sort((a, b) => (a.to ?? a.name).localeCompare(b.to ?? b.name)) }
}

it('a mirror file by a queue: coordinators list and select, into the store and registries', async () => {
  await startServices(workspace(), redis().url)
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
  await expectPushed(workspace(), copy, one)
  const stripped = await workspace().dist(['inspect', '--json', named('index:1')])
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
  await startServices(workspace(), redis().url)
  const text = `version: 1\nmirrors: [{ from: "${registry.host}/app:1", referrers-fresh-for: 0h }]`
  expect(await mirror(text)).toMatchObject({ code: 0 })
  const all = async () => (await workspace().dist(['images', '-q', '--all'])).stdout.trim().split('\n').sort()
  expect(await all()).toEqual([`${registry.host}/app:1`, `${registry.host}/app:${cosignTag}`])
  const signature = artifactOf(one, 'a signature')
  registry.content.putImage('app', signature.descriptor.digest, signature)
  expect(await mirror(text)).toMatchObject({ code: 0 })
  const inspected = await workspace().dist(['inspect', '--json', `${registry.host}/app:1`])
  expect(inspected.stdout).toContain(signature.descriptor.digest)
})

it('a source that cannot be listed fails alone, with the stage; retry takes the rest', async () => {
  await startServices(workspace(), redis().url)
  const { code, lines } = await mirror(`
    version: 1
    mirrors:
      - { name: none, from: $SOURCE/no/such, tags: all }
      - { name: later, from: "$SOURCE/later:1" }
      - { name: web, from: $SOURCE/team/web, tags: { list: v1.0 } }
  `)
  expect(code).toBe(6)
  const by = new Map(lines.map((line) => [line.entry, line]))
  expect(by.get('none')).toMatchObject({ state: 'failed', code: 'NOT_FOUND', stage: 'listing' })
  expect(by.get('none')?.error).toContain('submit the mirror file again')
  expect(by.get('later')).toMatchObject({ state: 'failed', code: 'NOT_FOUND' })
  expect(by.get('web')).toMatchObject({ state: 'done' })
  await pushImage(source().url, 'later', '1', two)
  const run = lines[0]?.run ?? ''
  expect(await dist(['retry', run])).toMatchObject({ code: 0 })
  await dist(['status', '--watch', run])
  const report = join(workspace().root, 'report.jsonl')
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
  content.putManifest('lacks', two.content, mediaType, 'blobs')
  await startServices(workspace(), redis().url)
  const text = `
    version: 1
    defaults: { referrers: false }
    mirrors:
      - { name: moves, from: "${registry.host}/app:moves", to: [store, "$TARGET/moves"] }
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
  const { code, stderr, stdout } = await mirror(text)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/dist\.yaml:2:1: registries is not allowed in a file that is submitted/)
  expect(stderr).toMatch(/dist\.yaml:3:\d+: password-file is not allowed/)
  expect(stderr).toMatch(/dist\.yaml:5:\d+: a variable is not allowed/)
  expect((await dist(['status', '--json'])).stdout).toBe('')
})

it('a file with a secret that reaches Redis by another way is refused by the coordinator', async () => {
  const path = workspace().file(
    'dist.yaml',
    filled('version: 1\nmirrors: [{ from: "$SOURCE/team/web:v1.0" }]'),
  )
  const submitted = await dist(['mirror', '-f', path, '--detach', '--json'])
  const [{ run = '' } = {}] = jsonLines<{ run: string }>(submitted.stdout)
  const hostile = `version: 1\nmirrors: [{ from: "${source().host}/\${HOME}:1" }]`
  const client = new Redis(redis().url)
  await client.set(`{dist}:run:${run}:sources`, JSON.stringify({ text: hostile, language: 'yaml' }))
  client.disconnect()
  await startServices(workspace(), redis().url)
  const watched = await dist(['status', '--watch', run])
  expect(watched.code).not.toBe(0)
  expect(watched.stdout + watched.stderr).toContain('a variable is not allowed')
})

it('a coordinator is killed while it lists: another one goes on with what is not listed yet', async () => {
  await using registry = await startRegistry()
  registry.content.putImage('team/a', '1', one)
  registry.content.putImage('team/b', '1', two)
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
    startProcess(name, [...hastyProgram(name), '--store', workspace().store, '--listen', '127.0.0.1:0'], {
      ...workspace().env,
      DIST_QUEUE: redis().url,
    })
  const first = await start('coordinator')
  onTestFinished(() => first.kill())
  const text = `version: 1\nmirrors: [{ name: team, from: "${registry.host}/team/*", tags: all, referrers: false }]`
  const path = workspace().file('dist.yaml', text)
  const run = workspace().start(['mirror', '-f', path], { env: { DIST_QUEUE: redis().url } })
  await held.opened
  // The repositories of the pattern, and the tags of team/a.
  const client = new Redis(redis().url)
  const [listed = ''] = await client.keys('{dist}:run:*:listed')
  await waitFor(async () => (await client.hlen(listed)) === 2, 'what is listed in Redis')
  client.disconnect()
  await first.kill()
  const others = await Promise.all([start('coordinator'), start('worker')])
  onTestFinished(async () => void (await Promise.all(others.map((each) => each.kill()))))
  expect(await run.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('2 images: 2 done') })
  expect(['a', 'b'].map((each) => registry.received(lists(each)).length)).toEqual([1, 2])
})
