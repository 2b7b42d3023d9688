import { createHash } from 'node:crypto'
import { recentMs } from '@dist/content'
import { describe, expect, it } from 'vitest'
import type { Bucket } from '../src/bucket/bucket.js'
import { repositoryOf } from '../src/names/document.js'
import { RecentObjects } from '../src/recent/objects.js'
import { NeighborPlan, UniformPlan } from '../src/recent/plans.js'

/** A bucket that only lists: the keys below `p/`, in pages of 1,000. */
class ListedBucket {
  readonly keys = new Set<string>()
  /** Positions after which pages began. */
  readonly listings: string[] = []
  order = (keys: string[]) => keys.sort()
  refuse = false
  attempts = 8
  onList = () => {}
  requests = { send: async ({ input }: { input: { StartAfter?: string } }) => this.#page(input) }

  key = (path: string) => path

  call = async (_step: string, _key: string, send: (sending: object) => Promise<unknown>) => send({})

  #page({ StartAfter: after = 'p/' }: { StartAfter?: string }) {
    this.listings.push(after.slice(2))
    if (this.refuse) throw new Error('AccessDenied')
    const rest = this.order([...this.keys]).filter((key) => key > after || this.order([...'ba'])[0] === 'b')
    const page = rest
      .slice(0, 1000)
      .map((key) => ({ Key: key, Size: 1, ETag: `"${key}"`, LastModified: new Date(0) }))
    this.onList()
    return { Contents: page, IsTruncated: rest.length > page.length }
  }
}

let clock = 0

function objectsOf(bucket: ListedBucket, kind: 'hashes' | 'names'): RecentObjects {
  const plan = kind === 'hashes' ? new UniformPlan(10_000) : new NeighborPlan(repositoryOf)
  return new RecentObjects(bucket as unknown as Bucket, 'p/', plan, recentMs, () => clock)
}

const hash = (i: number) => `p/${createHash('sha256').update(`${i}`).digest('hex')}`
const tag = (i: number, repository = 'r') => `p/h!2f${repository}!3at${String(i).padStart(6, '0')}`
const numbers = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i)

/** Asks for keys, sixteen at the same time; returns how many had an answer without a request of their own. */
async function ask(objects: RecentObjects, keys: readonly string[]): Promise<number> {
  let answered = 0
  for (let at = 0; at < keys.length; at += 16) {
    const answers = await Promise.all(keys.slice(at, at + 16).map((key) => objects.look(key)))
    answered += answers.filter((answer) => answer !== undefined).length
  }
  return answered
}

describe.each(['hashes', 'names'] as const)('recent answers about %s', (kind) => {
  const keyOf = kind === 'hashes' ? hash : (i: number) => tag(i)

  it('make no listing for a few keys', async () => {
    const bucket = new ListedBucket()
    expect(await ask(objectsOf(bucket, kind), numbers(5).map(keyOf))).toBe(0)
    expect(bucket.listings).toEqual([])
  })

  it('come from one listing for hundreds, present or absent', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(250)) bucket.keys.add(keyOf(i))
    const objects = objectsOf(bucket, kind)
    const answered = await ask(objects, numbers(500).map(keyOf))
    expect(answered).toBeGreaterThan(480)
    expect(bucket.listings).toHaveLength(1)
    const present = await objects.look(keyOf(100))
    expect(present?.object).toEqual({ size: 1, etag: keyOf(100) })
    expect(await objects.look(keyOf(400))).toMatchObject({ object: undefined })
  })

  it('are at most ten seconds old', async () => {
    const bucket = new ListedBucket()
    const objects = objectsOf(bucket, kind)
    await ask(objects, numbers(100).map(keyOf))
    objects.note(keyOf(1), { size: 7, etag: undefined })
    clock += 10_000
    expect((await objects.look(keyOf(1)))?.object?.size).toBe(7)
    expect(await objects.look(keyOf(50))).toMatchObject({ object: undefined })
    clock += 1
    expect(await objects.look(keyOf(1))).toBeUndefined()
    expect(await objects.look(keyOf(50))).toBeUndefined()
  })

  it('show what this process has changed after a listing began', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(20)) bucket.keys.add(keyOf(i))
    const objects = objectsOf(bucket, kind)
    bucket.onList = () => {
      clock += 1
      objects.note(keyOf(3), undefined)
      objects.note(keyOf(30), { size: 5, etag: undefined })
    }
    await ask(objects, numbers(40).map(keyOf))
    expect(await objects.look(keyOf(3))).toMatchObject({ object: undefined })
    expect((await objects.look(keyOf(30)))?.object?.size).toBe(5)
    objects.note(keyOf(3), { size: 1, etag: undefined }, clock - 100)
    expect(await objects.look(keyOf(3))).toMatchObject({ object: undefined })
  })

  it('are not made by listings that the server refuses', async () => {
    const bucket = new ListedBucket()
    bucket.refuse = true
    expect(await ask(objectsOf(bucket, kind), numbers(200).map(keyOf))).toBe(0)
    expect(bucket.listings).toHaveLength(1)
  })

  it('are not made by listings in another order than that of the keys', async () => {
    const bucket = new ListedBucket()
    bucket.order = (keys) => keys.sort().reverse()
    for (const i of numbers(20)) bucket.keys.add(keyOf(i))
    expect(await ask(objectsOf(bucket, kind), numbers(200).map(keyOf))).toBe(0)
    expect(bucket.listings).toHaveLength(1)
  })
})

describe('in a large bucket', () => {
  it('a few hundred hashes cause one listing', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(40_000)) bucket.keys.add(hash(i))
    await ask(objectsOf(bucket, 'hashes'), numbers(300).map(hash))
    expect(bucket.listings).toHaveLength(1)
  })

  it('hashes whose answers are known cause no listing', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(40_000)) bucket.keys.add(hash(i))
    const objects = objectsOf(bucket, 'hashes')
    await ask(objects, numbers(300).map(hash))
    const listings = bucket.listings.length
    for (const i of numbers(2_000, 1_000)) objects.note(hash(i), { size: 1, etag: undefined })
    expect(await ask(objects, numbers(2_000, 1_000).map(hash))).toBe(2_000)
    await ask(objects, numbers(20, 3_000).map(hash))
    expect(bucket.listings).toHaveLength(listings)
  })

  it('all hashes cause one listing for each thousand', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(20_000)) bucket.keys.add(hash(i))
    expect(await ask(objectsOf(bucket, 'hashes'), numbers(20_000).map(hash))).toBeGreaterThan(18_000)
    expect(bucket.listings.length).toBeLessThanOrEqual(20)
  })

  it('more hashes than can be remembered cause no more listings than are remembered', async () => {
    const bucket = new ListedBucket()
    const keys = numbers(70_000).map(hash).sort()
    for (const key of keys) bucket.keys.add(key)
    bucket.order = (listed) => (listed.length === keys.length ? keys : listed.sort())
    const objects = objectsOf(bucket, 'hashes')
    await ask(objects, keys)
    expect(bucket.listings).toHaveLength(64)
    clock += 10_001
    await ask(objects, keys.slice(0, 2_000))
    expect(bucket.listings.length).toBeGreaterThan(64)
  })

  it('neighbors in the middle of a repository are found', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(20_000)) bucket.keys.add(tag(i))
    const answered = await ask(
      objectsOf(bucket, 'names'),
      numbers(500, 9_000).map((i) => tag(i)),
    )
    expect(answered).toBeGreaterThan(450)
    expect(bucket.listings.length).toBeLessThanOrEqual(2)
  })

  it('names in descending order are found', async () => {
    const bucket = new ListedBucket()
    for (const i of numbers(900)) bucket.keys.add(tag(i))
    const descending = numbers(900).reverse()
    expect(
      await ask(
        objectsOf(bucket, 'names'),
        descending.map((i) => tag(i)),
      ),
    ).toBeGreaterThan(880)
    expect(bucket.listings).toHaveLength(1)
  })

  it('names far from each other cause few listings', async () => {
    const bucket = new ListedBucket()
    const repositories = numbers(60).map((i) => `r${String(i).padStart(3, '0')}`)
    for (const repository of repositories) for (const i of numbers(1_000)) bucket.keys.add(tag(i, repository))
    await ask(
      objectsOf(bucket, 'names'),
      repositories.map((repository) => tag(500, repository)),
    )
    expect(bucket.listings.length).toBeLessThanOrEqual(3)
  })
})

describe('the beginning of the names of a repository', () => {
  it.each([
    ['docker.io!2flibrary!2falpine!3a3.20', 'docker.io!2flibrary!2falpine!3a'],
    ['example.com!3a5000!2fa!40sha256!3a0123', 'example.com!3a5000!2fa!40'],
    ['none', ''],
  ])('of %s is %s', (key, start) => {
    expect(repositoryOf(key)).toBe(start)
  })
})
