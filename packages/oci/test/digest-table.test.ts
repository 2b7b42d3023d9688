import { type Digest, DigestTable, digestOf } from '@dist/oci'
import { expect, it } from 'vitest'

it('gives each digest one index, in the order in which they were added', () => {
  const table = new DigestTable()
  const digests = Array.from({ length: 5000 }, (_, i) => digestOf(`${i}`, i % 7 === 0 ? 'sha512' : 'sha256'))
  expect(digests.map((digest) => table.add(digest))).toEqual(digests.map((_, i) => i))
  expect(digests.map((digest) => table.add(digest))).toEqual(digests.map((_, i) => i))
  expect(table.size).toBe(5000)
  expect(digests.every((digest, i) => table.at(i) === digest && table.indexOf(digest) === i)).toBe(true)
})

it('does not have what was not added', () => {
  const table = new DigestTable()
  expect(table.has(digestOf('a'))).toBe(false)
  table.add(digestOf('a'))
  expect(table.has(digestOf('b'))).toBe(false)
  expect(table.indexOf(digestOf('b'))).toBeUndefined()
})

it('distinguishes digests of two algorithms that begin with the same bytes', () => {
  const table = new DigestTable()
  const start = 'ab'.repeat(32)
  const [short, long, longer] = [
    `sha256:${start}`,
    `sha512:${start}${'cd'.repeat(32)}`,
    `sha512:${start}${'ef'.repeat(32)}`,
  ] as Digest[] as [Digest, Digest, Digest]
  expect([table.add(long), table.add(short)]).toEqual([0, 1])
  expect(table.has(longer)).toBe(false)
  expect([table.at(0), table.at(1)]).toEqual([long, short])
})
