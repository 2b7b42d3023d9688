import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Folder, folder } from './folder.js'
import { start } from './process.js'

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const slow = { timeout: 30_000 }

it('S1 eight writers of one digest in four processes: one object, all succeed', slow, async () => {
  const size = 3 * 1024 * 1024
  const tasks = Array.from({ length: 4 }, (_, i) => ({ ref: `ref ${i}`, seed: 'eight', size }))
  const lines = await Promise.all(tasks.map((task) => start(root.path, 'writeTwice', task).line))
  for (const line of lines) expect(line).toMatch(/^((committed from 0|ALREADY_EXISTS)(, |$)){2}$/)
  const content = seededBuffer('eight', size)
  const store = await openLocalStore(root.path)
  expect(readFileSync(store.pathOf(digestOf(content))).equals(content)).toBe(true)
  expect(readdirSync(join(root.path, 'blobs/sha256'))).toHaveLength(1)
  expect(readdirSync(join(root.path, 'ingest'))).toEqual([])
})

it(
  'S2 a key that another process holds is UNAVAILABLE, and free after that process is killed',
  slow,
  async () => {
    const child = start(root.path, 'hold', { key: 'key' })
    expect(await child.line).toBe('held')
    const { locker } = await openLocalStore(root.path)
    await expect(locker.acquire('key', { wait: 0 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/since \d{4}-/),
    })
    const waiting = locker.acquire('key')
    child.process.kill('SIGKILL')
    await child.ended
    await (await waiting).release()
  },
)

it('waiters for the key of a killed holder get it one at a time', slow, async () => {
  const child = start(root.path, 'hold', { key: 'key' })
  expect(await child.line).toBe('held')
  const stores = await Promise.all(Array.from({ length: 6 }, () => openLocalStore(root.path)))
  let holders = 0
  let maxHolders = 0
  const work = stores.map(async ({ locker }) => {
    await using _ = await locker.acquire('key')
    maxHolders = Math.max(maxHolders, ++holders)
    await new Promise((resolve) => setImmediate(resolve))
    holders--
  })
  child.process.kill('SIGKILL')
  await Promise.all(work)
  expect(maxHolders).toBe(1)
})

it('three processes never hold one key at the same time', slow, async () => {
  await (await openLocalStore(root.path)).close()
  const file = join(root.path, 'count')
  writeFileSync(file, '0')
  const task = { key: 'key', file, times: 40 }
  const lines = await Promise.all([1, 2, 3].map(() => start(root.path, 'count', task).line))
  expect(lines).toEqual(['counted', 'counted', 'counted'])
  expect(readFileSync(file, 'utf8')).toBe('120')
})

it('three processes that publish at the same time lose no name', slow, async () => {
  const prefixes = ['a/a', 'b/b', 'c/c']
  await Promise.all(prefixes.map((prefix) => start(root.path, 'names', { prefix, times: 100 }).line))
  const names: string[] = []
  const store = await openLocalStore(root.path)
  for await (const { name } of store.names.list()) names.push(name)
  expect(names).toHaveLength(300)
})

it('processes that create one store at the same time get the same id', slow, async () => {
  const tasks = [1, 2, 3].map((i) => start(root.path, 'names', { prefix: `a/${i}`, times: 4 }).line)
  const stores = await Promise.all([1, 2, 3, 4].map(() => openLocalStore(root.path)))
  await Promise.all(tasks)
  expect(new Set(stores.map(({ id }) => id)).size).toBe(1)
})
