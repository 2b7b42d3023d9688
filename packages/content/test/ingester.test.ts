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
