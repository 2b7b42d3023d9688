import { readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatOwner, livenessOf, type Owner, parseOwner, thisProcess } from '@dist/locks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Anchor, anchorHash } from '../src/locker/anchor.js'
import { keyHash } from '../src/locker/claim.js'
import { LocalLocker } from '../src/locker/locker.js'
import { type Folder, folder } from './folder.js'

const minute = 60_000

let root: Folder
let locker: LocalLocker

beforeEach(() => {
  root = folder()
  locker = new LocalLocker(root.path, { ttl: minute })
})
afterEach(() => {
  locker.close()
  root.remove()
})

/** Writes a claim of another owner. */
function claimOf(owner: Owner, { key = 'key', age = 0, clock = 0 } = {}): string {
  const path = join(root.path, `${keyHash(key)}.${formatOwner(owner)}.${Date.now() + clock}.0a0b0c0d0e0f`)
  writeFileSync(path, '')
  const time = new Date(Date.now() - age)
  utimesSync(path, time, time)
  return path
}

/** The names of the claims, without anchors. */
function claims(): string[] {
  return readdirSync(root.path).filter((file) => !file.startsWith(anchorHash))
}

function anchors(): string[] {
  return readdirSync(root.path).filter((file) => file.startsWith(anchorHash))
}

const self = thisProcess()
const gone: Owner = { ...self, pid: 2 ** 22 - 1, start: '1' }
const reused: Owner = { ...self, start: String(Number(self.start) - 1) }
const elsewhere: Owner = { ...self, machine: 'abcdefabcdef' }

describe('a claim of a dead holder', () => {
  it.each([
    ['whose process is gone', gone],
    ['whose pid belongs to another process now', reused],
  ])('%s expires at once, and is removed', async (_, owner) => {
    const path = claimOf(owner)
    await using _lock = await locker.acquire('key', { wait: 0 })
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('on another machine or in another container expires when its heartbeat is older than the TTL', async () => {
    claimOf(elsewhere, { age: minute / 2 })
    await expect(locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    claimOf(elsewhere, { age: minute + 1000, key: 'other' })
    await (await locker.acquire('other', { wait: 0 })).release()
  })

  it.each([-10, 10])(
    'Q13 a clock that is off by %i minutes has no effect on the life of a claim',
    async (minutes) => {
      // The name has the time of the holder's clock, the heartbeat that of the file system.
      claimOf(elsewhere, { clock: minutes * minute })
      await expect(locker.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      claimOf(elsewhere, { clock: minutes * minute, age: 2 * minute, key: 'other' })
      await (await locker.acquire('other', { wait: 0 })).release()
    },
  )

  it('of a living process expires when its heartbeat has not changed for the TTL', async () => {
    const short = new LocalLocker(root.path, { ttl: 50 })
    claimOf(self)
    await expect(short.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const again = await short.acquire('key')
    expect(again.signal.aborted).toBe(false)
    await again.release()
    short.close()
  })
})

describe('a lock that is held', () => {
  it('leaves no claim after its release, and no file after the locker is closed', async () => {
    const locks = await Promise.all(['a', 'b', 'c'].map((key) => locker.acquire(key)))
    expect(claims()).toHaveLength(3)
    for (const lock of locks) await lock.release()
    expect(claims()).toEqual([])
    locker.close()
    expect(readdirSync(root.path)).toEqual([])
  })

  it('is kept longer than the TTL by its heartbeat', async () => {
    const [one, two] = [new LocalLocker(root.path, { ttl: 600 }), new LocalLocker(root.path, { ttl: 600 })]
    await using lock = await one.acquire('key')
    const claim = join(root.path, claims()[0] ?? '')
    const first = statSync(claim).mtimeMs
    await vi.waitUntil(() => statSync(claim).mtimeMs > first + 700, { timeout: 5000, interval: 10 })
    await expect(two.acquire('key', { wait: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(lock.signal.aborted).toBe(false)
    one.close()
    two.close()
  })

  it('Q3 is lost when the event loop was blocked for longer than the TTL', async () => {
    const short = new LocalLocker(root.path, { ttl: 60 })
    await using lock = await short.acquire('key')
    for (const until = performance.now() + 100; performance.now() < until; );
    await vi.waitUntil(() => lock.signal.aborted, { timeout: 5000, interval: 5 })
    expect(lock.signal.reason).toMatchObject({ code: 'UNAVAILABLE' })
    short.close()
  })

  it('is lost when the directory is removed, and the key can be acquired again', async () => {
    const short = new LocalLocker(root.path, { ttl: 60 })
    const lock = await short.acquire('key')
    rmSync(root.path, { recursive: true })
    await vi.waitUntil(() => lock.signal.aborted, { timeout: 5000, interval: 5 })
    await lock.release()
    const again = await short.acquire('key')
    expect(again.signal.aborted).toBe(false)
    await again.release()
    short.close()
  })

  it('is listed by heldAmong', async () => {
    await using _ = await locker.acquire('held')
    expect([...locker.heldAmong(['free', 'held'])]).toEqual(['held'])
    claimOf(gone, { key: 'dead' })
    expect(locker.heldAmong(['dead']).size).toBe(0)
  })

  it('ignores foreign files in its directory', async () => {
    writeFileSync(join(root.path, 'README'), 'x')
    writeFileSync(join(root.path, `${keyHash('key')}.nonsense`), 'x')
    renameSync(join(root.path, 'README'), join(root.path, `${keyHash('key')}.--.x.y.z`))
    await using lock = await locker.acquire('key', { wait: 0 })
    expect(lock.signal.aborted).toBe(false)
  })
})

describe('the anchor of claims', () => {
  const inodes = () => new Set(readdirSync(root.path).map((file) => statSync(join(root.path, file)).ino))

  it('is the file of all claims of a locker', async () => {
    await using _a = await locker.acquire('a')
    await using _b = await locker.acquire('b')
    expect(claims()).toHaveLength(2)
    expect(inodes().size).toBe(1)
  })

  it('gives a claim the present time as its heartbeat', async () => {
    await (await locker.acquire('earlier')).release()
    const past = new Date(Date.now() - 10 * minute)
    for (const file of anchors()) utimesSync(join(root.path, file), past, past)
    await using _ = await locker.acquire('key')
    const age = Date.now() - statSync(join(root.path, claims()[0] ?? '')).mtimeMs
    expect(age).toBeLessThan(minute)
  })

  it('that another process has swept is made again', async () => {
    await (await locker.acquire('earlier')).release()
    for (const file of anchors()) rmSync(join(root.path, file))
    await using lock = await locker.acquire('key', { wait: 0 })
    expect(lock.signal.aborted).toBe(false)
    expect(anchors()).toHaveLength(1)
  })

  it('of a dead process is removed by the next one', async () => {
    const dead = `${anchorHash}.${formatOwner(gone)}.${Date.now()}.0a0b0c0d0e0f`
    writeFileSync(join(root.path, dead), '')
    await (await locker.acquire('key')).release()
    expect(anchors()).not.toContain(dead)
  })

  it('is not needed: without hard links a claim is a file of its own', () => {
    const refuse = () => {
      throw Object.assign(new Error('no hard links'), { code: 'EPERM' })
    }
    const anchor = new Anchor(root.path, refuse)
    anchor.link(join(root.path, 'claim'))
    expect(readdirSync(root.path)).toEqual(['claim'])
  })
})

describe('the owner of a claim', () => {
  it('is formatted and parsed', () => {
    expect(parseOwner(formatOwner(self))).toEqual(self)
    expect(parseOwner('')).toBeUndefined()
    expect(parseOwner('../../x-1-1')).toBeUndefined()
  })

  it('is alive, dead or unknown', () => {
    expect(livenessOf(self)).toBe('alive')
    expect(livenessOf({ ...self, pid: 1, start: '0' })).toBe('dead')
    expect(livenessOf(gone)).toBe('dead')
    expect(livenessOf(elsewhere)).toBe('unknown')
    expect(livenessOf({ ...gone, machine: '' })).toBe('unknown')
  })
})
