import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { freePort } from '@dist/testkit/servers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { pushMany } from '../support/services-queue.js'
import { type Ended, inOrder, jsonLines, useWorkspace, Workspace } from '../support/workspace.js'

/** Too many to be listed. */
const many = 51
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushMany(url, 'many', many)
})
const workspace = useWorkspace()
beforeEach(() => registry().clearRequests())

const ref = (name: string) => `${registry().host}/${name}`
const manyRefs = () => [...Array(many).keys()].map((i) => ref(`many/${i}:1`))

interface Line {
  name: string
  state: string
  digest?: string | undefined
  upToDate?: boolean | undefined
  fetched: { objects: number; bytes: number }
  shared: { objects: number; bytes: number }
  error?: string | undefined
  code?: string | undefined
}

it('takes every platform, unless some are named', async () => {
  const all = await workspace().dist(['mirror', ref('index:1')])
  expect(all).toMatchObject({ code: 0 })
  const [image] = jsonLines((await workspace().dist(['images', '--json'])).stdout)
  expect(image).toMatchObject({ platforms: ['linux/amd64', 'linux/arm64'], missing: [] })
  const env = { DIST_STORE: `${workspace().store}-arm` }
  await workspace().dist(['mirror', '--platform', 'linux/arm64', ref('index:1')], { env })
  const [arm] = jsonLines((await workspace().dist(['images', '--json'], { env })).stdout)
  expect(arm).toMatchObject({ platforms: ['linux/arm64'], missing: [] })
})

describe('a mirror of many images', () => {
  const store = new Workspace()
  afterAll(() => store.remove())
  const report = `${store.root}/report.jsonl`
  let first: Ended
  let again: Ended
  let blobs: string[] = []
  let methods: string[] = []

  beforeAll(async () => {
    const requests = async () => {
      await registry().settled()
      return registry().requests()
    }
    const refs = store.file('refs.txt', `# the first half\n${manyRefs().slice(0, 30).join('\n')}\n\n`)
    const args = ['mirror', '-f', refs, '-f', '-', ref('single:1'), '--report', report]
    registry().clearRequests()
    first = await store.dist(args, { stdin: manyRefs().slice(20).join('\n') })
    blobs = (await requests()).filter(({ path }) => path.includes('/blobs/')).map(({ path }) => path)
    registry().clearRequests()
    again = await store.dist(['mirror', '-f', store.file('refs.txt', manyRefs().join('\n'))])
    methods = (await requests()).map(({ method }) => method)
  })

  it('reads references from files and stdin', () => {
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toMatch(/^52 images: 52 done; fetched \d+ objects \([\d.]+ [KM]iB\), shared /)
    expect(first.stderr).toMatch(/^images \d+\/52 done/m)
    const lines = jsonLines<Line>(readFileSync(report, 'utf8'))
    expect(lines.map(({ name }) => name).sort()).toEqual([ref('single:1'), ...manyRefs()].sort())
    expect(lines.every(({ state }) => state === 'done')).toBe(true)
  })

  it('fetches what images share once', () => {
    const digests = blobs.map((path) => path.split('/').at(-1))
    expect(digests.length).toBeGreaterThan(many)
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('asks one HEAD for each image the second time, and fetches nothing', () => {
    expect(again.stdout).toMatch(/^51 images: 51 done \(51 up to date\); fetched 0 objects/)
    expect(methods).toEqual(Array(many).fill('HEAD'))
  })
})

it('some that are not there: 6, each said, and the others are', async () => {
  const asked = [ref('single:1'), ref('single:2'), ref('none:1')]
  const ended = await workspace().dist(['mirror', ...asked, '--json'])
  expect(ended.code).toBe(6)
  expect(ended.stderr).toContain(`dist: ${ref('single:2')}: `)
  expect(inOrder(jsonLines<Line>(ended.stdout), asked)).toMatchObject([
    { name: ref('single:1'), state: 'done', digest: singleImage.descriptor.digest, upToDate: false },
    { name: ref('single:2'), state: 'failed', code: 'NOT_FOUND', error: expect.any(String) },
    { name: ref('none:1'), state: 'failed', code: 'NOT_FOUND' },
  ])
  const names = jsonLines((await workspace().dist(['images', '--json'])).stdout)
  expect(names).toMatchObject([{ name: ref('single:1'), missing: [] }])
  expect((await workspace().dist(['mirror', ref('single:2'), ref('none:1')])).code).toBe(3)
})

it('usage errors before anything is sent: 2', async () => {
  const file = workspace().file('refs.txt', `${ref('single:1')}\nno good\n`)
  for (const [args, said] of [
    [['mirror', '-f', file], 'refs.txt:2: '],
    [['mirror', '-f', 'none.txt'], 'none.txt: cannot be read'],
    [['mirror'], '-f'],
    [['mirror', '--platform', 'linux', ref('single:1')], 'linux'],
    [['mirror', '--detach', ref('single:1')], '--queue'],
    [['mirror', '--report', '/nonexistent/report', ref('single:1')], 'report'],
    [['mirror', '--queue', 'http://127.0.0.1', ref('single:1')], 'redis://'],
    [['mirror', '--queue', 'redis://127.0.0.1:1', '--authfile', 'x', ref('single:1')], '--authfile'],
  ] as const) {
    const ended = await workspace().dist(args)
    expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code: 2, stdout: '' })
    expect(ended.stderr).toContain(said)
  }
  await registry().settled()
  expect(registry().requests()).toEqual([])
})

it('an empty list is nothing to do', async () => {
  const ended = await workspace().dist(['mirror', '-f', '-'], { stdin: '# none today\n' })
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing to mirror') })
})

it('a queue that is not there is said in one line: 1', async () => {
  const queue = `redis://127.0.0.77:${await freePort()}`
  for (const args of [['mirror', ref('single:1')], ['runs'], ['active']]) {
    const ended = await workspace().dist([...args, '--queue', queue])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: redis[^\n]+\n$/)
  }
})

it('many images on a terminal: what is under way and the counts, not a row for each', async () => {
  workspace().file('refs.txt', manyRefs().join('\n'))
  const script = 'stty rows 12 cols 100; dist mirror -f refs.txt'
  const shown = await workspace().shell(`script -qefc '${script}' /dev/null`, { env: { TERM: 'xterm' } })
  expect(shown.code).toBe(0)
  const ups = shown.stdout.split('\x1b[').flatMap((part) => /^(\d+)A/.exec(part)?.slice(1).map(Number) ?? [])
  expect(Math.max(...ups)).toBeLessThanOrEqual(11)
  const text = stripVTControlCharacters(shown.stdout)
  expect(text).toMatch(/images 51\/51 done/)
  expect(text).toContain('51 images: 51 done')
})
