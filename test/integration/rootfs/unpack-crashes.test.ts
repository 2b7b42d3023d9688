import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, hostPlatform } from '@dist/oci'
import { ociImage, pushImage, readTree, type TarEntry, tarLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, usePulledStore, useWorkspace } from '../support/workspace.js'

/** So many files that making and copying them can be interrupted. */
const files = (folder: string, count: number): TarEntry[] => [
  { path: folder, type: 'directory' },
  ...Array.from({ length: count }, (_, i) => ({ path: `${folder}/${i}`, content: `${folder} ${i}` })),
]
const layers = [tarLayer(files('lower', 800)), tarLayer(files('middle', 200)), tarLayer(files('upper', 200))]
const image = ociImage({ layers, platform: hostPlatform() })
const middle = digestOf(`${layers[0]?.diffID} ${layers[1]?.diffID}`)
const top = digestOf(`${middle} ${layers[2]?.diffID}`)

const workspace = useWorkspace()
// In memory where there is such a file system: what counts is what is made in which order, not how fast the disk is.
let place = ''
beforeEach(() => {
  place = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dist-snapshots-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))
const registry = useRegistry(({ url }) => pushImage(url, 'crash', 'latest', image))
const reference = () => `${registry().host}/crash:latest`
usePulledStore(workspace, () => [reference()])
const env = () => ({ DIST_SNAPSHOTS: place })
const dist = (...args: string[]) => workspace().dist(args, { env: env() })
const inside = (...parts: string[]) => {
  const path = join(place, ...parts)
  return existsSync(path) ? readdirSync(path) : []
}
const entries = (path: string) => Object.keys(readTree(path)).length
const listed = async () =>
  jsonLines<{ chainID: string; path: string }>((await dist('snapshots', '--json')).stdout)

/** What each snapshot has when it is whole: with its own root and folders. */
const whole: Record<string, number> = {
  [layers[0]?.diffID ?? '']: 802,
  [middle]: 1003,
  [top]: 1204,
}

/** Resolves to the chain IDs. */
async function expectAllWhole(): Promise<string[]> {
  const snapshots = await listed()
  for (const { chainID, path } of snapshots) expect(entries(path)).toBe(whole[chainID])
  return snapshots.map(({ chainID }) => chainID)
}

describe('killed while it unpacks', () => {
  const draft = () => inside('drafts')[0] ?? ''
  it.each<[string, () => boolean]>([
    ['as soon as there is a draft', () => draft() !== ''],
    ['in the middle of the first layer', () => inside('drafts', draft(), 'fs', 'lower').length > 300],
    ['as soon as a snapshot is there', () => inside('sha256').length > 0],
    [
      'in the middle of a copy',
      () => inside('sha256').length > 0 && inside('drafts', draft(), 'fs').length > 0,
    ],
    ['in the middle of the second layer', () => inside('drafts', draft(), 'fs', 'middle').length > 40],
    ['when two snapshots are there', () => inside('sha256').length > 1],
    ['in the middle of the last layer', () => inside('drafts', draft(), 'fs', 'upper').length > 40],
    ['when all are there', () => inside('sha256').length > 2],
  ])('%s, it leaves snapshots that are whole, and the next time finishes', async (_, reached) => {
    const running = workspace().start(['unpack', reference()], { env: env() })
    let over = false
    const ended = running.ended.finally(() => {
      over = true
    })
    while (!over && !reached()) await new Promise((resolve) => setImmediate(resolve))
    running.child.kill('SIGKILL')
    await ended
    await expectAllWhole()
    const again = await dist('unpack', reference())
    expect(again.code, again.stderr).toBe(0)
    expect((await expectAllWhole()).sort()).toEqual(Object.keys(whole).sort())
    // A copy may outlive its maker for a moment, and leave something once more.
    await waitFor(async () => {
      await dist('snapshots', 'rm', 'sha256:0000')
      return inside('drafts').length === 0
    }, 'nothing half made to be left')
  })
})

it('interrupted, it removes what it was making', async () => {
  const running = workspace().start(['unpack', reference()], { env: env() })
  await waitFor(() => inside('drafts').length > 0 || inside('sha256').length > 2, 'a draft')
  running.child.kill('SIGINT')
  const { code } = await running.ended
  expect([0, 130]).toContain(code)
  expect(inside('drafts')).toEqual([])
  await expectAllWhole()
})

it('several at a time all succeed, and there is one of each snapshot', async () => {
  const all = await Promise.all([1, 2, 3].map(() => dist('unpack', reference())))
  for (const { code, stdout, stderr } of all) {
    expect(code, stderr).toBe(0)
    expect(stdout).toBe(`${reference()} ${top} ${join(place, 'sha256', top.slice(7), 'fs')}\n`)
  }
  expect(await expectAllWhole()).toHaveLength(3)
  expect(inside('drafts')).toEqual([])
})

describe('dist snapshots rm', () => {
  it('takes the beginning of a chain ID, leaves those made from it whole, and nothing behind', async () => {
    await dist('unpack', reference())
    const removed = await dist('snapshots', 'rm', middle.slice(0, 20))
    expect(removed).toMatchObject({ code: 0, stdout: `${middle}\n` })
    expect(await expectAllWhole()).not.toContain(middle)
    expect(inside('drafts')).toEqual([])
    expect((await dist('unpack', reference())).code).toBe(0)
  })

  it('of one that is not there: 3; of several of which one is: 6; of what is no chain ID: 2', async () => {
    await dist('unpack', reference())
    const rm = async (...ids: string[]) => (await dist('snapshots', 'rm', ...ids)).code
    expect(await rm('abcdef')).toBe(3)
    expect(await rm('abcdef', top)).toBe(6)
    expect(await rm('../../x')).toBe(2)
    expect(await listed()).toHaveLength(2)
  })

  it('dist snapshots shows them as a table', async () => {
    await dist('unpack', reference())
    const { stdout } = await dist('snapshots')
    const [head, first] = stdout.split('\n')
    expect(head).toMatch(/^CHAIN ID +PARENT +SIZE +AGE +PATH$/)
    expect(first).toMatch(/^sha256:\w{64} +- +[\d.]+ MiB +[\d.]+s +\/.*\/fs$/)
  })
})
