import { digestOf } from '@dist/oci'
import { expect, test } from 'vitest'
import { copyContent, createIngester, MemoryDriver } from '../src/index.js'

async function* chunksOf(text: string) {
  yield Buffer.from(text)
}

test('an ingester without a store verifies content, and refuses content that exists', async () => {
  const driver = new MemoryDriver()
  const ingester = createIngester({
    stat: (digest) => driver.stat(digest),
    draft: (ref, expected) => driver.draft(ref, expected),
  })
  const expected = { digest: digestOf('hello'), size: 5 }
  const wrong = await ingester.writer('a', expected)
  await expect(copyContent(wrong, chunksOf('hullo'))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  expect(await driver.stat(expected.digest)).toBeUndefined()
  await copyContent(await ingester.writer('a', expected), chunksOf('hello'))
  expect(await driver.stat(expected.digest)).toMatchObject(expected)
  await expect(ingester.writer('a', expected)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

test('small content that the caller knows to be absent is written without a question', async () => {
  const driver = new MemoryDriver()
  let questions = 0
  const ingester = createIngester({
    stat: (digest) => {
      questions++
      return driver.stat(digest)
    },
    draft: (ref, expected) => driver.draft(ref, expected),
  })
  const small = { digest: digestOf('hello'), size: 5 }
  await copyContent(await ingester.writer('a', small, { absent: true }), chunksOf('hello'))
  expect(questions).toBe(0)
  expect(await driver.stat(small.digest)).toMatchObject(small)
  // The question costs less than to fetch large content twice.
  const large = { digest: digestOf('large'), size: 2 ** 20 }
  await using _writer = await ingester.writer('b', large, { absent: true })
  expect(questions).toBe(1)
})
