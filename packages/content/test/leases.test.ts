import { Collection, Lease, type Notes } from '@dist/content'
import { digestOf } from '@dist/oci'
import { MemoryNotes } from '@dist/testkit'
import { expect, it } from 'vitest'

const timing = { renewal: 5, poll: 1 }
const nothing = async () => []
const [one, two] = [digestOf('one'), digestOf('two')]

async function keysOf(notes: Notes): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of notes.list('leases')) keys.push(key)
  return keys
}

/** Whether a promise has settled after some turns of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol()
  const turns = new Promise((resolve) => setTimeout(() => resolve(waiting), 40))
  return (await Promise.race([promise.then(() => undefined), turns])) !== waiting
}

it('is taken with the first hold, and given up at the end', async () => {
  const notes = new MemoryNotes()
  const lease = new Lease(notes, timing)
  expect(await keysOf(notes)).toEqual([])
  await lease.hold()
  await lease.hold()
  expect(await keysOf(notes)).toHaveLength(1)
  await lease.end()
  expect(await keysOf(notes)).toEqual([])
})

/** Notes whose second write takes until `release`. */
class SlowNotes extends MemoryNotes {
  #writes = 0
  release = () => {}
  #begun = () => {}
  readonly isWriting = new Promise<void>((resolve) => {
    this.#begun = resolve
  })

  override async put(key: string, content: Uint8Array): Promise<void> {
    if (++this.#writes === 2) {
      this.#begun()
      await new Promise<void>((resolve) => {
        this.release = resolve
      })
    }
    await super.put(key, content)
  }
}

it.each([
  [
    'a lease',
    async (notes: Notes) => {
      const lease = new Lease(notes, timing)
      await lease.hold()
      return lease
    },
  ],
  ['a collection', (notes: Notes) => Collection.begin(notes, timing)],
])('%s that ends while its note is renewed leaves no note', async (_, begin) => {
  const notes = new SlowNotes()
  const member = await begin(notes)
  await notes.isWriting
  const ended = member.end()
  expect(await isSettled(ended)).toBe(false)
  notes.release()
  await ended
  expect(await keysOf(notes)).toEqual([])
})

it('a collection waits for a step that began before it, and not for later ones', async () => {
  const notes = new MemoryNotes()
  const lease = new Lease(notes, timing)
  let end = () => {}
  let early = Promise.resolve()
  await new Promise<void>((begun) => {
    early = lease.guard(nothing, (isCollecting) => {
      expect(isCollecting).toBe(false)
      begun()
      return new Promise<void>((resolve) => {
        end = resolve
      })
    })
  })
  const collection = await Collection.begin(notes, timing)
  const waits: number[] = []
  const aware = collection.awaitPublishers({ onWait: (processes) => waits.push(processes) })
  expect(await isSettled(aware)).toBe(false)
  expect(waits).toEqual([1])
  end()
  await early
  await aware
  expect(await lease.guard(nothing, async (isCollecting) => isCollecting)).toBe(true)
  await collection.end()
  await lease.end()
})

it('holds a publication up while content is deleted, and what it announces is kept', async () => {
  const notes = new MemoryNotes()
  const lease = new Lease(notes, timing)
  const collection = await Collection.begin(notes, timing)
  await lease.hold()
  await collection.awaitPublishers()
  const order: string[] = []
  let published: Promise<void> | undefined
  await collection.sweep(async (announced) => {
    expect(announced.has(one)).toBe(false)
    published = lease.guard(
      async () => [one],
      async () => void order.push('published'),
    )
    expect(await isSettled(published)).toBe(false)
    order.push('deleted')
  })
  await published
  expect(order).toEqual(['deleted', 'published'])
  await collection.sweep(async (announced) => {
    expect([announced.has(one), announced.has(two)]).toEqual([true, false])
  })
  await collection.end()
  await lease.end()
  expect(await notes.folders('announcements')).toEqual([])
})

it('content that was committed after the oldest lease began is not deleted', async () => {
  const notes = new MemoryNotes()
  const lease = new Lease(notes, timing)
  await lease.hold()
  const collection = await Collection.begin(notes, timing)
  const { now, before } = await collection.awaitPublishers()
  expect(before.getTime()).toBeLessThanOrEqual(now.getTime())
  await lease.end()
  await collection.end()
  const later = await Collection.begin(notes, timing)
  const limits = await later.awaitPublishers()
  expect(limits.before.getTime()).toBeGreaterThan(limits.now.getTime())
  await later.end()
})

it('neither a process that is known to have ended nor an expired lease is waited for', async () => {
  const notes = new MemoryNotes()
  const killed = new Lease(notes, { ...timing, owner: 'killed', renewal: 1e9 })
  const silent = new Lease(notes, { ...timing, owner: 'silent', renewal: 1e9 })
  await killed.hold()
  await silent.hold()
  const settings = { ...timing, ttl: 1500, isDead: (owner: string) => owner === 'killed' }
  const collection = await Collection.begin(notes, settings)
  await collection.awaitPublishers()
  await collection.end()
})

it('a process that could not renew its lease publishes nothing', async () => {
  const notes = new MemoryNotes()
  const lease = new Lease(notes, { renewal: 1e9, ttl: 400 })
  await lease.hold()
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE', retryable: true }))
  await lease.guard(nothing, async () => lease.check())
  await lease.end()
})

it('a collection that could not renew its note deletes nothing', async () => {
  const notes = new MemoryNotes()
  const collection = await Collection.begin(notes, { renewal: 1e9, ttl: 20, memory: 0 })
  const late = collection.sweep(async (_, mayGoOn) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    mayGoOn()
  })
  await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await collection.end()
})

it('a collection that is interrupted after a deletion leaves its note while deleted content may be remembered', async () => {
  const notes = new MemoryNotes()
  const collection = await Collection.begin(notes, { ...timing, memory: 60_000 })
  await collection.sweep(async () => {})
  const controller = new AbortController()
  controller.abort()
  await expect(collection.end({ signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELED' })
  expect(await keysOf(notes)).toHaveLength(1)
  const lease = new Lease(notes, timing)
  expect(await lease.guard(nothing, async (isCollecting) => isCollecting)).toBe(true)
  await lease.end()
})
