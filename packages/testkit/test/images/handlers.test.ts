import { type ContentStore, createStore, gather, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { walk, writeRef } from '@dist/images'
import { type Descriptor, digestOf } from '@dist/oci'
import { type FetcherLike, fetchHandler } from '@dist/testkit'
import { beforeEach, describe, expect, it } from 'vitest'

const content = Buffer.from('the content of a layer')
const desc: Descriptor = { mediaType: 'text/plain', digest: digestOf(content), size: content.byteLength }

/** Returns these chunks for every descriptor, then fails if an error is given. */
function fetcherOf(chunks: readonly Uint8Array[], error?: Error) {
  const fetched: Descriptor[] = []
  const fetcher: FetcherLike = {
    async fetch(wanted) {
      fetched.push(wanted)
      const body = async function* () {
        for (const chunk of chunks) yield Buffer.from(chunk)
        if (error !== undefined) throw error
      }
      return { body: body() }
    },
  }
  return { fetcher, fetched }
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('fetchHandler', () => {
  let store: ContentStore
  beforeEach(() => {
    store = createStore(new MemoryDriver())
  })

  const nothingIsVisible = async () => {
    expect(await listOf(store.walk())).toEqual([])
    expect(await listOf(store.statuses())).toEqual([])
  }

  it('copies the content into the store, and returns no children', async () => {
    const { fetcher } = fetcherOf([content.subarray(0, 5), content.subarray(5)])
    expect(await fetchHandler(store, fetcher)(desc, {})).toEqual([])
    expect(Buffer.from(await gather(await store.open(desc), 100, 'x'))).toEqual(content)
    expect(await listOf(store.statuses())).toEqual([])
  })

  it('does not fetch stored content', async () => {
    const { fetcher, fetched } = fetcherOf([content])
    const handler = fetchHandler(store, fetcher)
    await handler(desc, {})
    expect(await handler(desc, {})).toEqual([])
    expect(fetched).toHaveLength(1)
  })

  it('stores zero bytes', async () => {
    const empty = { ...desc, digest: digestOf(''), size: 0 }
    await fetchHandler(store, fetcherOf([]).fetcher)(empty, {})
    expect(await store.info(empty.digest)).toMatchObject({ size: 0 })
  })

  it.each([
    ['R10: one byte is flipped', [Buffer.from('the content of a layes')]],
    ['R9: there is a byte too many', [content, Buffer.from('x')]],
    ['the body is cut short', [content.subarray(0, 10)]],
    ['there is no body', []],
  ])('fails, and makes nothing visible, when %s', async (_, chunks) => {
    const handler = fetchHandler(store, fetcherOf(chunks).fetcher)
    await expect(handler(desc, {})).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await nothingIsVisible()
    // The ref is free: the next attempt succeeds.
    await fetchHandler(store, fetcherOf([content]).fetcher)(desc, {})
    expect(await store.info(desc.digest)).toMatchObject({ size: desc.size })
  })

  it('R9: stops reading after one byte too many', async () => {
    let sent = 0
    const fetcher: FetcherLike = {
      fetch: async () => ({
        body: (async function* () {
          for (;;) {
            sent++
            yield new Uint8Array(10)
          }
        })(),
      }),
    }
    await expect(fetchHandler(store, fetcher)(desc, {})).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    })
    expect(sent).toBe(3)
  })

  it.each([
    ['in the middle', [content.subarray(0, 10)]],
    ['at the beginning', []],
  ])('throws the error of a body that fails %s', async (_, chunks) => {
    const error = new DistError('UNAVAILABLE', 'connection reset')
    await expect(fetchHandler(store, fetcherOf(chunks, error).fetcher)(desc, {})).rejects.toBe(error)
    await nothingIsVisible()
  })

  it('throws the error of the fetcher', async () => {
    const error = new DistError('NOT_FOUND', 'gone')
    const fetcher = { fetch: () => Promise.reject(error) }
    await expect(fetchHandler(store, fetcher)(desc, {})).rejects.toBe(error)
    await nothingIsVisible()
  })

  it('stops when it is aborted', async () => {
    const controller = new AbortController()
    const fetcher: FetcherLike = {
      fetch: async () => ({
        body: (async function* () {
          controller.abort()
          yield content
        })(),
      }),
    }
    const done = fetchHandler(store, fetcher)(desc, { signal: controller.signal })
    await expect(done).rejects.toMatchObject({ code: 'CANCELED' })
    await nothingIsVisible()
  })

  it('throws UNAVAILABLE while another writer has the content', async () => {
    await using _held = await store.writer(writeRef(desc), desc)
    const { fetcher, fetched } = fetcherOf([content])
    await expect(fetchHandler(store, fetcher)(desc, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(fetched).toEqual([])
  })

  it('R16: fetches a layer that is named twice once', async () => {
    const { fetcher, fetched } = fetcherOf([content])
    await walk(fetchHandler(store, fetcher), [desc, { ...desc }, { ...desc, annotations: { a: 'b' } }], {
      concurrency: 8,
    })
    expect(fetched).toHaveLength(1)
  })
})
