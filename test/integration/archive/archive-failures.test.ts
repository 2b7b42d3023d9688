import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { digestsOf, pushImage, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { jsonLines, usePulledStore, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'single', '1', singleImage))
const workspace = useWorkspace()
const name = () => `${registry().host}/single:1`
const dist = (...args: string[]) => workspace().dist(args)
const other = () => join(workspace().root, 'other')
const there = (...args: string[]) => workspace().dist(args, { env: { DIST_STORE: other() } })
const inRoot = (file: string) => join(workspace().root, file)
const large = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
const blobFile = (digest: string) => join(workspace().store, 'blobs', digest.replace(':', '/'))

usePulledStore(workspace, () => [name()])

function rot(): void {
  const bytes = readFileSync(blobFile(large))
  writeFileSync(blobFile(large), bytes.fill((bytes[1000] ?? 0) ^ 1, 1000, 1001))
}

it('a rotten blob: exit code 5, digest and image named, no file; one that was there stays', async () => {
  rot()
  const before = readdirSync(workspace().root)
  const ended = await dist('export', '-o', 'out.tar', name())
  expect(ended).toMatchObject({ code: 5, stdout: '' })
  expect(ended.stderr).toBe(`dist: ${large} of ${name()} is damaged in the store: delete it and pull again\n`)
  expect(readdirSync(workspace().root)).toEqual(before)
  workspace().file('out.tar', 'from before')
  expect(await dist('export', '--force', '-o', 'out.tar', name())).toMatchObject({ code: 5 })
  expect(readFileSync(inRoot('out.tar'), 'utf8')).toBe('from before')
})

it('a rotten blob through a pipe: both sides fail, and nothing is imported', async () => {
  rot()
  const script = `dist export ${name()} | dist import --store other; echo "\${PIPESTATUS[@]}"`
  const ended = await workspace().shell(script)
  expect(ended.stdout).toBe('5 5\n')
  expect(ended.stderr).toContain('is damaged in the store')
  expect(await rehash(other())).toEqual([])
  expect(await leftovers(other())).toEqual([])
  expect((await there('images', '--json')).stdout).toBe('')
})

it('an image that is not whole: exit code 3, before anything is written', async () => {
  await workspace().shell(`rm ${blobFile(large)}`)
  const ended = await dist('export', name())
  expect(ended).toMatchObject({ code: 3, stdout: '' })
  expect(ended.stderr).toMatch(new RegExp(`^dist: [^\n]*is incomplete[^\n]*${large}[^\n]*\n$`))
  expect((await dist('export', '-o', 'out.tar', name(), 'none:1')).code).toBe(3)
  expect((await dist('export', '--platform', 'linux', name())).code).toBe(2)
})

it('where the archive goes: a file is replaced by force alone, also behind a link; a device is written to as it is', async () => {
  workspace().file('real.tar', 'from before')
  symlinkSync('real.tar', inRoot('link.tar'))
  for (const file of ['link.tar', 'real.tar']) {
    const refused = await dist('export', '-o', file, name())
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(new RegExp(`^dist: ${file}: exists already; .*--force\n$`))
  }
  expect(readFileSync(inRoot('real.tar'), 'utf8')).toBe('from before')
  expect(await dist('export', '--force', '-o', 'link.tar', name())).toMatchObject({ code: 0 })
  expect(lstatSync(inRoot('link.tar')).isSymbolicLink()).toBe(true)
  expect(readFileSync(inRoot('real.tar')).byteLength).toBeGreaterThan(1_500_000)
  expect(await dist('export', '-o', '/dev/null', name())).toMatchObject({ code: 0 })
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  mkdirSync(inRoot('folder'))
  for (const output of ['folder', 'no/such/folder/out.tar', 'real.tar/out.tar']) {
    const ended = await dist('export', '-o', output, name())
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(new RegExp(`^dist: ${output}: [^\n]+\n$`))
  }
})

it('what cannot be an archive: one line, exit code 1, and an empty store stays empty', async () => {
  await dist('export', '-o', 'out.tar', name())
  const archive = readFileSync(inRoot('out.tar'))
  workspace().file('cut.tar', archive.subarray(0, archive.byteLength - 600))
  workspace().file('text.tar', 'no archive at all\n'.repeat(100))
  workspace().file('empty.tar', '')
  for (const file of ['cut.tar', 'text.tar', 'empty.tar']) {
    const ended = await there('import', file)
    expect(ended, file).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
  }
  expect(await rehash(other())).toEqual([])
  expect((await there('import', 'gone.tar')).code).toBe(2)
  expect((await there('import', '--name', 'Not A Name', 'out.tar')).code).toBe(2)
})

it('a flipped byte in an archive: exit code 5, and nothing of it stays', async () => {
  await dist('export', '-o', 'out.tar', name())
  const archive = readFileSync(inRoot('out.tar'))
  const place = archive.indexOf(readFileSync(blobFile(large)).subarray(0, 4096)) + 700_000
  workspace().file('bad.tar', archive.fill((archive[place] ?? 0) ^ 1, place, place + 1))
  const ended = await there('import', 'bad.tar')
  expect(ended).toMatchObject({ code: 5, stdout: '' })
  expect(ended.stderr).toContain(large.slice('sha256:'.length))
  expect(await rehash(other())).toEqual([])
  expect(await leftovers(other())).toEqual([])
})

it('an import that is interrupted takes back what it has taken in', async () => {
  const { bytes } = await dist('export', name())
  const running = workspace().start(['import', '-'], { env: { DIST_STORE: other() } })
  running.child.stdin?.write(bytes.subarray(0, bytes.byteLength - 100_000))
  const folder = join(other(), 'blobs', 'sha256')
  await waitFor(() => existsSync(folder) && readdirSync(folder).length > 0, 'the first blob')
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(143)
  expect(await rehash(other())).toEqual([])
  expect(jsonLines((await there('active', '--json')).stdout)).toEqual([])
})

it('imports of one archive at the same time do not disturb each other', async () => {
  await dist('export', '-o', 'out.tar', name())
  const all = await Promise.all([1, 2, 3].map(() => there('import', 'out.tar')))
  for (const ended of all) expect(ended.code, ended.stderr).toBe(0)
  expect(await rehash(other())).toEqual(digestsOf(singleImage))
  expect(await leftovers(other())).toEqual([])
})
