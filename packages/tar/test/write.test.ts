import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { tarSize, writeTar } from '../src/write.js'

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}

const file = (name: string, content: string) => ({ name, size: content.length, body: once(content) })

async function writeArchive(files: Parameters<typeof writeTar>[0]): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(files)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const long = `deep/${'n'.repeat(200)}`

it('GNU tar reads the archive: names of any length, owner root, the year 1970', async () => {
  const archive = await writeArchive([file('a', 'one'), file(long, 'x'.repeat(600)), file('empty', '')])
  const listed = spawnSync('tar', ['-tv', '--numeric-owner', '--utc'], { input: archive, encoding: 'utf8' })
  expect(listed.stderr).toBe('')
  const lines = listed.stdout.trimEnd().split('\n')
  expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '-rw-r--r-- 0/0 3 1970-01-01 00:00 a',
    `-rw-r--r-- 0/0 600 1970-01-01 00:00 ${long}`,
    '-rw-r--r-- 0/0 0 1970-01-01 00:00 empty',
  ])
  const content = spawnSync('tar', ['-xO', long], { input: archive, encoding: 'utf8' })
  expect(content.stdout).toBe('x'.repeat(600))
})

it('tarSize is the size of the archive', async () => {
  const files = [file('a', 'one'), file(long, 'x'.repeat(600)), file('b', 'x'.repeat(512))]
  expect(tarSize(files)).toBe((await writeArchive(files)).byteLength)
  expect(tarSize([])).toBe(1024)
})

it('a file of more than 8 GiB has its size in a PAX record', async () => {
  const size = 9 * 1024 ** 3
  const body = async function* () {
    yield Buffer.from('a part')
    throw new Error('far enough')
  }
  const chunks: Uint8Array[] = []
  const reading = (async () => {
    for await (const chunk of writeTar([{ name: 'large', size, body: body() }])) chunks.push(chunk)
  })()
  await expect(reading).rejects.toThrow('far enough')
  expect(Buffer.concat(chunks).includes(`19 size=${size}\n`)).toBe(true)
  expect(tarSize([{ name: 'large', size }])).toBe(512 + 512 + 512 + size + 1024)
})

it.each(['longer', 'no'])(
  'a body of another size (%s) is an error, and the archive has no end',
  async (content) => {
    const reading = writeArchive([{ name: 'a', size: 3, body: once(content) }])
    await expect(reading).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('a:') })
  },
)
