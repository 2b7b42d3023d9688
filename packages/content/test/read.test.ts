import { copyContent, createStore, gather, MemoryDriver, type Provider, readContent } from '@dist/content'
import { digestOf } from '@dist/oci'
import { expect, it } from 'vitest'

const text = new TextEncoder().encode('some content')
const digest = digestOf(text)

async function* body(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

it('reads a body up to the limit, and not a byte more', async () => {
  const twice = () => body(text, text)
  expect(Buffer.from(await gather(twice(), 24, 'body')).toString()).toBe('some contentsome content')
  await expect(gather(twice(), 23, 'body')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect((await gather(body(), 0, 'body')).byteLength).toBe(0)
})

it('reads all content, and detects damage', async () => {
  const stored = (bytes: Uint8Array): Provider => ({ open: async () => body(bytes) })
  expect(await readContent(stored(text), { digest }, 100)).toEqual(text)
  await expect(readContent(stored(text.slice(1)), { digest }, 100)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  })
  await expect(readContent(stored(text), { digest }, 11)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
  })
})

it('copies a body into a writer, reports progress, and commits', async () => {
  const store = createStore(new MemoryDriver())
  const offsets: number[] = []
  await using writer = await store.writer('ref', { digest })
  const chunks = body(text.slice(0, 4), text.slice(4))
  const info = await copyContent(writer, chunks, { onProgress: (offset) => offsets.push(offset) })
  expect(info).toMatchObject({ digest, size: 12 })
  expect(offsets).toEqual([4, 12])
})

it('stops copying when the signal aborts, and commits nothing', async () => {
  const store = createStore(new MemoryDriver())
  const abort = new AbortController()
  const endless = async function* () {
    for (;;) yield text.slice()
  }
  const copy = async () => {
    await using writer = await store.writer('ref', {})
    const onProgress = (offset: number) => (offset > 100 ? abort.abort() : undefined)
    await copyContent(writer, endless(), { signal: abort.signal, onProgress })
  }
  await expect(copy()).rejects.toMatchObject({ code: 'CANCELED' })
  for await (const _ of store.walk()) expect.unreachable()
  for await (const _ of store.statuses()) expect.unreachable()
})

it('passes only digest and size to the driver, even of a descriptor', async () => {
  const store = createStore(new MemoryDriver())
  const desc = { mediaType: 'text/plain', digest, size: 12, annotations: { a: 'b' } }
  await using writer = await store.writer('ref', desc)
  expect(writer.status.expected).toEqual({ digest, size: 12 })
  for await (const status of store.statuses()) expect(status.expected).toEqual({ digest, size: 12 })
})
