import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  amd64Image,
  type FixtureBlob,
  fixtureBlob,
  indexImage,
  ociImage,
  pushImage,
  sharedLayer,
  singleImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { namesIn } from '../support/store-files.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const neighbour = ociImage({ layers: [sharedLayer, tarLayer([{ path: 'etc/own', content: 'own\n' }])] })
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'neighbour', '1', neighbour)
})
const workspace = useWorkspace()
const ref = (name: string) => `${registry().host}/${name}:1`
const dist = (...args: string[]) => workspace().dist(args)
const large = singleImage.blobs.at(-1) ?? sharedLayer

type Named = Pick<FixtureBlob, 'descriptor'>
const fileOf = ({ descriptor }: Named) =>
  join(workspace().store, 'blobs', descriptor.digest.replace(':', '/'))

function flip(blob: Named, at = 0): void {
  const content = readFileSync(fileOf(blob))
  writeFileSync(fileOf(blob), content.with(at, (content[at] ?? 0) ^ 1))
}

usePulledStore(workspace, () => ['--platform', 'linux/amd64', ...['single', 'index', 'neighbour'].map(ref)])

const objects = new Set(
  [singleImage, amd64Image, neighbour]
    .flatMap((image) => [image, ...image.blobs])
    .map(({ descriptor }) => descriptor.digest)
    .concat(indexImage.descriptor.digest),
).size

describe('dist verify', () => {
  it('0 where everything is right, of the store and of single images', async () => {
    const ended = await dist('verify')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(new RegExp(`^${objects} objects \\([\\d.]+ MiB\\) verified, 0 bad\\n$`))
    expect((await dist('verify', ref('index'))).stdout).toMatch(/^4 objects \(.*\) verified, 0 bad\n$/)
    expect((await dist('verify', ref('index'), ref('neighbour'))).stdout).toMatch(/^7 objects /)
  })

  it('finds a flipped byte and names both images that share the layer (S20)', async () => {
    flip(sharedLayer, 30)
    const ended = await dist('verify')
    expect(ended.code).toBe(5)
    const [line, summary] = linesOf(ended.stdout)
    expect(line).toContain(`${sharedLayer.descriptor.digest}  damaged: its bytes have digest sha256:`)
    expect(line?.endsWith(`  needed by ${ref('index')}, ${ref('neighbour')}`)).toBe(true)
    expect(summary).toMatch(new RegExp(`^${objects} objects .*, 1 bad$`))
    expect(ended.stderr).toMatch(/^dist: dist verify --repair .*\n$/)
    const one = await dist('verify', '--json', ref('index'))
    expect(one.code).toBe(5)
    expect(jsonLines(one.stdout)).toMatchObject([
      { digest: sharedLayer.descriptor.digest, state: 'damaged', images: [ref('index'), ref('neighbour')] },
      { objects: 4, bad: 1, complete: true },
    ])
    expect((await dist('verify', ref('single'))).code).toBe(0)
  })

  it('finds a file that was cut short in its middle, and one that is empty', async () => {
    truncateSync(fileOf(large), 700_000)
    truncateSync(fileOf(sharedLayer), 0)
    const ended = await dist('verify')
    expect(ended.code).toBe(5)
    const { digest, size } = large.descriptor
    expect(ended.stdout).toMatch(
      new RegExp(`${digest}  damaged: 700000 bytes instead of ${size}, .*single:1`),
    )
    expect(ended.stdout).toContain(`${sharedLayer.descriptor.digest}  damaged: 0 bytes instead of`)
  })

  it('3 where content is missing; a pull alone brings it back', async () => {
    rmSync(fileOf(sharedLayer))
    const ended = await dist('verify')
    expect(ended.code).toBe(3)
    expect(ended.stdout).toContain(
      `${sharedLayer.descriptor.digest}  missing  needed by ${ref('index')}, ${ref('neighbour')}\n`,
    )
    expect(ended.stderr).toContain('dist pull <ref> fetches missing content')
    expect((await dist('pull', '--platform', 'linux/amd64', ref('index'))).code).toBe(0)
    expect((await dist('verify')).code).toBe(0)
  })

  it.each([
    ['a child manifest', amd64Image],
    ['the root', indexImage],
  ])('names the image of a damaged manifest, %s', async (_, image) => {
    flip(image)
    const ended = await dist('verify', '--json')
    expect(ended.code).toBe(5)
    expect(jsonLines(ended.stdout)).toMatchObject([
      { digest: image.descriptor.digest, state: 'damaged', images: [ref('index')] },
      { objects, bad: 1 },
    ])
    expect((await dist('verify', ref('index'))).code).toBe(5)
  })

  it('tells damaged content that has no name, and deletes nothing', async () => {
    const loose = fixtureBlob('loose')
    expect((await workspace().dist(['ingest', 'loose'], { stdin: 'loose' })).code).toBe(0)
    flip(loose)
    const ended = await dist('verify')
    expect(ended.code).toBe(5)
    expect(linesOf(ended.stdout)[0]).toMatch(
      new RegExp(`^${loose.descriptor.digest}  damaged: .*  not needed by an image$`),
    )
    expect((await dist('path', loose.descriptor.digest)).code).toBe(0)
  })

  it('3, and nothing read, for a reference that is not in the store; 2 for what is none', async () => {
    expect(await dist('verify', ref('single'), 'alpine')).toMatchObject({ code: 3, stdout: '' })
    expect(await dist('verify', 'Not A Reference')).toMatchObject({ code: 2, stdout: '' })
  })

  it('a store that was named and is not there is not right: 3', async () => {
    const ended = await dist('verify', '--store', join(workspace().root, 'nowhere'))
    expect(ended).toMatchObject({ code: 3, stdout: '' })
  })
})

describe('what the advice of dist verify does', () => {
  it.each([
    ['a layer with a flipped byte', sharedLayer, () => flip(sharedLayer)],
    ['a manifest', amd64Image, () => flip(amd64Image)],
    ['an index', indexImage, () => flip(indexImage)],
  ])('delete, then pull, brings back %s', async (_, bad, damage) => {
    damage()
    expect((await dist('verify')).code).toBe(5)
    const deleted = await dist('delete', '--force', bad.descriptor.digest)
    expect(deleted.code).toBe(0)
    expect(deleted.stderr).toContain(`${ref('index')}: no longer published`)
    const refs = [ref('index'), ref('neighbour')]
    expect((await dist('pull', '--platform', 'linux/amd64', ...refs)).code).toBe(0)
    expect(await dist('verify')).toMatchObject({ code: 0, stderr: '' })
    expect(await namesIn(workspace().store)).toContain(ref('index'))
  })
})

describe('dist verify on a terminal', () => {
  const onTerminal = (columns: number) =>
    workspace().startShell(`exec script -qefc 'stty cols ${columns} rows 24; exec dist verify' /dev/null`, {
      env: { TERM: 'xterm-256color' },
    })

  it('shows objects, bytes and what is bad, in one line', async () => {
    flip(sharedLayer)
    const ended = await onTerminal(100).ended
    expect(ended.code).toBe(5)
    expect(ended.stdout).toMatch(
      new RegExp(`\r${objects}/${objects} objects · 1\\.4 MiB / 1\\.4 MiB · .* · 1 bad`),
    )
    expect(ended.stdout).toContain('needed by')
  })

  it('Ctrl-C ends it with 130 and tells what was found', async () => {
    flip(sharedLayer)
    // Reading a tebibyte takes longer than the test.
    truncateSync(fileOf(large), 2 ** 40)
    const running = onTerminal(100)
    await running.said('1 bad')
    running.child.stdin?.write('\x03')
    const ended = await running.ended
    expect(ended.code).toBe(130)
    expect(ended.stdout).toContain(`${sharedLayer.descriptor.digest}  damaged: its bytes have digest`)
    expect(ended.stdout).toMatch(/ objects \(.*\) verified, 1 bad; stopped before everything was verified/)
    expect(ended.stdout).toContain('\x1b[?25h')
  })
})
