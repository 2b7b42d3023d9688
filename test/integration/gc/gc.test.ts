import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  allContent,
  amd64Image,
  arm64Image,
  fixtureBlob,
  indexImage,
  singleImage,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { usePulledImages } from '../support/pulled-images.js'
import { removeName, storedDigests } from '../support/store-files.js'
import { jsonLines, linesOf } from '../support/workspace.js'

const { workspace, single, index, dist } = usePulledImages('--all-platforms')

const digestsOf = (image: Parameters<typeof allContent>[0]) =>
  allContent(image).map(({ descriptor }) => descriptor.digest)
const ofSingle = [...new Set(digestsOf(singleImage))].sort()
const ofIndex = [...new Set(digestsOf(indexImage))].sort()
const pathOf = (digest: string) => join(workspace().store, 'blobs', digest.replace(':', '/'))
const stored = () => storedDigests(workspace().store)
const remove = (name: string) => removeName(workspace().store, name)
const sum = (image: Parameters<typeof allContent>[0]) =>
  new Map(allContent(image).map(({ descriptor }) => [descriptor.digest, descriptor.size]))

it('deletes what no image needs, and keeps what one needs', async () => {
  await remove(single())
  const ended = await dist('gc', '--grace', '0')
  expect(ended).toMatchObject({ code: 0 })
  expect(linesOf(ended.stdout).sort()).toEqual(ofSingle)
  expect(ended.stderr).toMatch(/^dist: 5 objects \([\d.]+ MiB\) deleted; 1 image needs 7 objects/)
  expect(await stored()).toEqual(ofIndex)
  expect(await dist('verify')).toMatchObject({ code: 0 })
})

it('keeps content that is younger than the grace', async () => {
  await remove(single())
  const ended = await dist('gc')
  expect(ended).toMatchObject({ code: 0, stdout: '' })
  expect(ended.stderr).toContain('5 objects')
  expect(ended.stderr).toContain('younger than')
  const day = new Date(Date.now() - 25 * 3_600_000)
  for (const digest of ofSingle) utimesSync(pathOf(digest), day, day)
  expect(linesOf((await dist('gc')).stdout).sort()).toEqual(ofSingle)
})

it('with --dry-run deletes nothing and tells what it would delete', async () => {
  await remove(single())
  const ended = await dist('gc', '--dry-run', '--grace', '0', '--json')
  const bytes = [...sum(singleImage).values()].reduce((a, b) => a + b, 0)
  const lines = jsonLines(ended.stdout)
  expect(lines.at(-1)).toMatchObject({
    images: 1,
    deleted: { objects: 5, bytes },
    needed: { objects: 7 },
    young: { objects: 0, bytes: 0 },
    complete: true,
  })
  expect(
    lines
      .slice(0, -1)
      .map(({ digest }) => digest)
      .sort(),
  ).toEqual(ofSingle)
  expect(await stored()).toEqual([...ofSingle, ...ofIndex].sort())
})

it('deletes the parts of an index that its image did not select', async () => {
  await remove(index())
  await dist('pull', '--platform', 'linux/amd64', index())
  await dist('gc', '--grace', '0')
  const kept = [...new Set([...ofSingle, ...digestsOf(amd64Image), indexImage.descriptor.digest])].sort()
  expect(await stored()).toEqual(kept)
  expect(digestsOf(arm64Image).some((digest) => !kept.includes(digest))).toBe(true)
})

it('deletes nothing while the manifest of an image is damaged, and names the image', async () => {
  await remove(single())
  writeFileSync(pathOf(amd64Image.descriptor.digest), 'damaged')
  const ended = await dist('gc', '--grace', '0')
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain(`${index()}: ${amd64Image.descriptor.digest}`)
  expect(ended.stderr).toContain('no content was deleted')
  expect((await stored()).length).toBe(ofSingle.length + ofIndex.length)
  rmSync(pathOf(amd64Image.descriptor.digest))
  expect(await dist('gc', '--grace', '0')).toMatchObject({ code: 1 })
  await remove(index())
  expect(await dist('gc', '--grace', '0')).toMatchObject({ code: 0 })
  expect(readdirSync(join(workspace().store, 'blobs', 'sha256'))).toEqual([])
})

it('keeps what another tool has in the layout, without a name and under a name of its own', async () => {
  const path = join(workspace().store, 'index.json')
  const before = JSON.parse(readFileSync(path, 'utf8'))
  const entry = ({ mediaType, digest, size }: typeof singleImage.descriptor) => ({ mediaType, digest, size })
  const named = {
    ...entry(indexImage.descriptor),
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  }
  writeFileSync(path, JSON.stringify({ ...before, manifests: [entry(singleImage.descriptor), named] }))
  const ended = await dist('gc', '--grace', '0')
  expect(ended).toMatchObject({ code: 0, stdout: '' })
  expect(await stored()).toEqual([...ofSingle, ...ofIndex].sort())
})

it('deletes nothing if an entry of another tool cannot be read', async () => {
  const path = join(workspace().store, 'index.json')
  const before = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...before, manifests: [{ digest: 'nonsense' }] }))
  const ended = await dist('gc', '--grace', '0')
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain('index.json')
  expect((await stored()).length).toBe(ofSingle.length + ofIndex.length)
})

it('discards abandoned writes as dist sweep does', async () => {
  const { digest } = fixtureBlob('never complete').descriptor
  const part = Buffer.alloc(2 * 1024 * 1024)
  const ended = await workspace().dist(['ingest', 'abandoned', '--digest', digest], { stdin: part })
  expect(ended.code).not.toBe(0)
  const stray = join(workspace().store, 'ingest', 'stray.data')
  writeFileSync(stray, part)
  const old = new Date(Date.now() - 48 * 3_600_000)
  utimesSync(stray, old, old)
  const collected = await dist('gc')
  expect(collected.stderr).toContain('1 abandoned write (2.0 MiB) discarded')
  expect(existsSync(stray)).toBe(false)
})

it('a collection that is killed loses nothing, and the next one ends its work', async () => {
  await remove(single())
  const running = workspace().start(['gc', '--grace', '0'])
  await running.said('sha256:')
  running.child.kill('SIGKILL')
  await running.ended
  expect(await dist('verify', index())).toMatchObject({ code: 0 })
  expect(await dist('gc', '--grace', '0')).toMatchObject({ code: 0 })
  expect(await stored()).toEqual(ofIndex)
  expect(await dist('pull', '--all-platforms', single())).toMatchObject({ code: 0 })
  expect(await dist('verify')).toMatchObject({ code: 0 })
})

it('two collections at the same time are no error', async () => {
  await remove(single())
  const ended = await Promise.all([dist('gc', '--grace', '0'), dist('gc', '--grace', '0')])
  expect(ended.map(({ code }) => code)).toEqual([0, 0])
  expect(await stored()).toEqual(ofIndex)
})
