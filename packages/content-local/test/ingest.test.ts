import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyHash } from '../src/locker/claim.js'
import { type Folder, folder } from './folder.js'

const hour = 3_600_000
const content = new Uint8Array(seededBuffer('ingest', 3 * 1024 * 1024))
const expected = { digest: digestOf(content), size: content.length }

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const open = () => openLocalStore(root.path)
const ingest = () => readdirSync(join(root.path, 'ingest')).sort()

async function statuses(): Promise<Status[]> {
  const found: Status[] = []
  for await (const status of (await open()).content.statuses()) found.push(status)
  return found
}

async function interruptWrite(ref = 'ref', bytes = 2_000_000): Promise<void> {
  await using writer = await (await open()).content.writer(ref, expected)
  await writer.write(content.slice(0, bytes))
}

function age(milliseconds: number): void {
  const time = new Date(Date.now() - milliseconds)
  for (const file of ingest()) utimesSync(join(root.path, 'ingest', file), time, time)
}

describe('an entry in ingest/', () => {
  it('is not made for a small and quick write', async () => {
    const { content: store } = await open()
    await using writer = await store.writer('ref', {})
    await writer.write(content.slice(0, 1_000_000))
    expect(ingest()).toEqual([])
    await writer.commit()
    expect(ingest()).toEqual([])
  })

  it('is made for a small and slow write, so that other processes see it', async () => {
    const { content: store } = await open()
    await using writer = await store.writer('ref', expected)
    await writer.write(content.slice(0, 2))
    await vi.waitUntil(async () => (await statuses())[0]?.offset === 2, { timeout: 5000, interval: 20 })
    expect((await statuses())[0]).toMatchObject({ ref: 'ref', total: expected.size, live: true })
    await writer.write(content.slice(2, 5))
    await vi.waitUntil(async () => (await statuses())[0]?.offset === 5, { timeout: 5000, interval: 20 })
    await writer.write(content.slice(5))
    await writer.commit()
    expect(ingest()).toEqual([])
  })

  it('is kept when a write with an expected digest is closed, and removed when it is aborted', async () => {
    await interruptWrite()
    expect(ingest()).toHaveLength(2)
    expect(await statuses()).toMatchObject([{ ref: 'ref', offset: 2_000_000, live: false }])
    const writer = await (await open()).content.writer('ref', expected)
    await writer.abort()
    expect(ingest()).toEqual([])
  })

  it('has the time of its data file', async () => {
    await interruptWrite()
    age(hour)
    const [status] = await statuses()
    expect(Math.abs((status?.updatedAt.getTime() ?? 0) - (Date.now() - hour))).toBeLessThan(60_000)
  })

  it.each(['', '{', '{}', '[]', '{"ref":1}'])('with the record "%s" is ignored', async (text) => {
    await interruptWrite()
    const [record = ''] = ingest().filter((file) => file.endsWith('.json'))
    writeFileSync(join(root.path, 'ingest', record), text)
    expect(await statuses()).toEqual([])
    await using writer = await (await open()).content.writer('ref', expected)
    expect(writer.status.offset).toBe(0)
    await writer.write(content.slice())
    await writer.commit()
  })

  it('cannot name a data file outside the store', async () => {
    await interruptWrite()
    const [record = ''] = ingest().filter((file) => file.endsWith('.json'))
    const path = join(root.path, 'ingest', record)
    const entry = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...entry, data: '../oci-layout' }))
    await using writer = await (await open()).content.writer('ref', expected)
    expect(writer.status.offset).toBe(0)
    expect(statSync(join(root.path, 'oci-layout')).isFile()).toBe(true)
  })

  it('with more bytes than expected is resumed at the expected size', async () => {
    await interruptWrite()
    const [data = ''] = ingest().filter((file) => file.endsWith('.data'))
    writeFileSync(join(root.path, 'ingest', data), Buffer.concat([content, new Uint8Array(100)]))
    await using writer = await (await open()).content.writer('ref', expected)
    expect(writer.status.offset).toBe(expected.size)
    expect(await writer.commit()).toMatchObject(expected)
  })
})

describe('S5 two writers of one ref, after the first one lost its lock', () => {
  const lose = (ref: string) => {
    const locks = join(root.path, 'locks')
    const hash = keyHash(`write ${ref}`)
    for (const file of readdirSync(locks)) if (file.startsWith(hash)) rmSync(join(locks, file))
  }

  it('have different files: later bytes of the first never get into the commit of the second', async () => {
    const [one, two] = [await open(), await open()]
    const first = await one.content.writer('ref', expected)
    const wrong = content.slice().fill(7)
    await first.write(wrong.slice(0, 2_000_000))
    await vi.waitUntil(async () => (await statuses())[0]?.offset === 2_000_000, {
      timeout: 5000,
      interval: 20,
    })
    lose('ref')
    await using second = await two.content.writer('ref', expected)
    await second.restart()
    await second.write(content.slice())
    await first.write(wrong.slice(2_000_000))
    // Closing writes all pending bytes to disk.
    await first[Symbol.asyncDispose]()
    await second.commit()
    expect(readFileSync(two.pathOf(expected.digest)).equals(content)).toBe(true)
  })

  it('both commit when both have the right content', async () => {
    const [one, two] = [await open(), await open()]
    await using first = await one.content.writer('ref', expected)
    await first.write(content.slice(0, 2_000_000))
    lose('ref')
    await using second = await two.content.writer('ref', expected)
    await second.write(content.slice(second.status.offset))
    await second.commit()
    const outcome = await first
      .write(content.slice(2_000_000))
      .then(() => first.commit())
      .catch((error: { code: string }) => error)
    // The second may have taken over the file of the first, whose commit fails then.
    if ('code' in outcome) expect(outcome.code).toMatch(/^(UNAVAILABLE|NOT_FOUND)$/)
    expect(readFileSync(two.pathOf(expected.digest)).equals(content)).toBe(true)
  })
})

describe('S7 the sweep', () => {
  it('removes interrupted writes older than the limit, and returns them', async () => {
    await interruptWrite('old')
    age(2 * hour)
    await interruptWrite('young', 1_500_000)
    const { sweep } = await open()
    expect(await sweep(hour)).toMatchObject([{ ref: 'old', size: 2_000_000 }])
    expect(await statuses()).toMatchObject([{ ref: 'young' }])
    expect(await sweep(0)).toMatchObject([{ ref: 'young', size: 1_500_000 }])
    expect(ingest()).toEqual([])
  })

  it('keeps a live write, whatever its age', async () => {
    const { content: store } = await open()
    await using writer = await store.writer('live', expected)
    await writer.write(content.slice(0, 2_000_000))
    await vi.waitUntil(async () => (await statuses())[0]?.offset === 2_000_000, {
      timeout: 5000,
      interval: 20,
    })
    age(48 * hour)
    expect(await (await open()).sweep(hour)).toEqual([])
    await writer.write(content.slice(2_000_000))
    await writer.commit()
  })

  it('removes remains of a crash that no write can resume: at once if their maker is dead, else later', async () => {
    await open()
    const { machine, pid, start } = { machine: 'abcdefabcdef', pid: 1, start: '1' }
    const unknown = `${machine}-${pid}-${start}.0011223344556677.tmp`
    writeFileSync(join(root.path, 'ingest', unknown), 'x')
    const { sweep } = await open()
    expect(await sweep(0)).toEqual([])
    age(2 * hour)
    expect(await sweep(0)).toMatchObject([{ ref: undefined, size: 1 }])
    expect(ingest()).toEqual([])
  })
})
