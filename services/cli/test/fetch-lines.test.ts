import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import type { FetchedObject, ObjectFetcher } from '@dist/remotes'
import { expect, it } from 'vitest'
import { fetchLines } from '../src/content/fetch-lines.js'
import { captured } from './support/context.js'

const locator = { host: 'example.com', repository: 'app' }
const settings = { locator, limit: undefined, json: false }
const content = 'the content'
const digest = digestOf(content)

const fetcherOf = (objects: Record<string, Partial<FetchedObject> | Error>): ObjectFetcher => ({
  fetchObject: async (object) => {
    const found = objects[object] ?? new DistError('NOT_FOUND', `${object} is not there`)
    if (found instanceof Error) throw found
    return { mediaType: 'text/plain', body: bytes(content), ...found }
  },
})

async function* bytes(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

it('an object without digest or size is buffered, so that the header has both', async () => {
  const { context, stdout } = captured({ stdin: ['latest\n'] })
  await fetchLines(context, fetcherOf({ latest: { body: bytes('the ', 'content') } }), settings)
  expect(stdout()).toBe(`${digest} text/plain 11\nthe content\n`)
})

it('the buffer is limited to the maximum size of a manifest', async () => {
  const { context, stdout } = captured({ stdin: [`${digest}\n`] })
  const endless = (async function* () {
    for (;;) yield new Uint8Array(1024 * 1024)
  })()
  const all = fetchLines(context, fetcherOf({ [digest]: { body: endless } }), settings)
  await expect(all).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(stdout()).toBe('')
})

it.each([
  ['fewer', 12],
  ['more', 10],
])('a body of %s bytes than announced ends the stream', async (_, size) => {
  const { context, stdout } = captured({ stdin: [`${digest}\n`, `${digest}\n`] })
  const all = fetchLines(context, fetcherOf({ [digest]: { size } }), settings)
  await expect(all).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  // No output follows that a reader could parse as an answer.
  expect(stdout().split('\n')).toHaveLength(2)
})

it('a failure other than NOT_FOUND ends the stream', async () => {
  const { context, stdout } = captured({ stdin: ['a\nb\nc\n'] })
  const objects = { a: { size: 11, digest }, b: new DistError('UNAUTHENTICATED', 'who are you?') }
  await expect(fetchLines(context, fetcherOf(objects), settings)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  })
  expect(stdout()).toBe(`${digest} text/plain 11\n${content}\n`)
})

it('NOT_FOUND in the middle of a body ends the stream and is not written as an answer', async () => {
  const { context, stdout } = captured({ stdin: [`${digest}\n`] })
  const vanishing = (async function* () {
    yield Buffer.from('the ')
    throw new DistError('NOT_FOUND', 'gone')
  })()
  const all = fetchLines(context, fetcherOf({ [digest]: { size: 11, body: vanishing } }), settings)
  await expect(all).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(stdout()).toBe(`${digest} text/plain 11\nthe `)
})

it('--json writes the metadata to stderr', async () => {
  const { context, stderr } = captured({ stdin: ['a\n'] })
  await fetchLines(context, fetcherOf({ a: { size: 11, digest } }), { ...settings, json: true })
  expect(JSON.parse(stderr())).toEqual({ object: 'a', mediaType: 'text/plain', digest, size: 11 })
})
