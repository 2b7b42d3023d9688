import { readTar } from '@dist/tar'
import { tarArchive } from '@dist/testkit'
import { expect, test } from 'vitest'

test('an entry comes with its header and its bytes', async () => {
  const archive = tarArchive([{ path: 'a', content: 'hello', mode: 0o4755, uid: 7, mtime: 5 }])
  const seen: unknown[] = []
  for await (const { header, body } of readTar(only(archive))) {
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    const content = Buffer.concat(chunks).toString()
    seen.push([header.name, header.type, header.mode, header.uid, header.mtime, content])
  }
  expect(seen).toEqual([['a', 'file', 0o4755, 7, 5, 'hello']])
})

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}
