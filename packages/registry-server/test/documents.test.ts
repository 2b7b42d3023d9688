import { oneChunk } from '@dist/content'
import type { Digest } from '@dist/oci'
import { digestOf } from '@dist/oci'
import { expect, it } from 'vitest'
import { Documents } from '../src/published/documents.js'

const contents = new Map<Digest, Buffer>()
const documentOf = (text: string) => {
  const content = Buffer.from(text.padEnd(1_000))
  contents.set(digestOf(content), content)
  return digestOf(content)
}

function counted() {
  const read: Digest[] = []
  const open = async ({ digest }: { digest: Digest }) => {
    read.push(digest)
    return oneChunk(contents.get(digest) ?? Buffer.from('other bytes'))
  }
  return { read, open }
}

it('content is read once, also by concurrent calls', async () => {
  const provider = counted()
  const documents = new Documents(provider, 10_000)
  const digest = documentOf('one')
  expect(documents.peek(digest)).toBeUndefined()
  const found = await Promise.all([documents.read(digest), documents.read(digest)])
  expect(found.map((each) => digestOf(each))).toEqual([digest, digest])
  expect(digestOf(documents.peek(digest) ?? '')).toBe(digest)
  expect(provider.read).toEqual([digest])
})

it('content that was not asked for longest is dropped first', async () => {
  const provider = counted()
  const documents = new Documents(provider, 3 * 1_400)
  const digests = ['a', 'b', 'c', 'd'].map(documentOf)
  for (const digest of digests.slice(0, 3)) await documents.read(digest)
  documents.peek(digests[0] as Digest)
  await documents.read(digests[3] as Digest)
  expect(digests.map((digest) => documents.peek(digest) !== undefined)).toEqual([true, false, true, true])
})

it('content with another digest is not kept, and read again', async () => {
  const provider = counted()
  const documents = new Documents(provider, 10_000)
  const digest = digestOf('what it should be')
  for (const _ of ['first', 'again'])
    await expect(documents.read(digest)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  expect(provider.read).toHaveLength(2)
})
