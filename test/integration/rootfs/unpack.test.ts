import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, hostPlatform } from '@dist/oci'
import {
  type FixtureImage,
  imageIndex,
  ociImage,
  otherImage,
  pushImage,
  readTree,
  tarLayer,
  uncompressedLayer,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const base = tarLayer([
  { path: 'etc', type: 'directory', mtime: 86_400 },
  { path: 'etc/release', content: 'base\n', mode: 0o4750, uid: 7, gid: 8, mtime: 86_400 },
  { path: 'etc/gone', content: 'gone\n' },
])
const top = tarLayer([
  { path: 'etc/.wh.gone' },
  { path: 'etc/hostname', content: 'app\n' },
  { path: 'etc/link', link: '/etc/hostname' },
])
const other = tarLayer([{ path: 'other', content: 'other\n' }], { compression: 'zstd' })
const platform = hostPlatform()
const app = ociImage({ layers: [base, top], platform })
const sibling = ociImage({ layers: [base, other], platform })
const index = imageIndex([otherImage, app])
const chainID = digestOf(`${base.diffID} ${top.diffID}`)

const workspace = useWorkspace()
const registry = useRegistry(async ({ url }) => {
  const images: Record<string, FixtureImage> = { app, sibling, index, otherImage }
  for (const [tag, image] of Object.entries(images)) await pushImage(url, 'unpack', tag.toLowerCase(), image)
})
const reference = (tag: string) => `${registry().host}/unpack:${tag}`
usePulledStore(workspace, () => ['app', 'sibling'].map(reference))
const dist = (...args: string[]) => workspace().dist(args)
const snapshots = () => join(workspace().home, 'data', 'dist-snapshots')
const pathOf = (id: string) => join(snapshots(), 'sha256', id.slice(7), 'fs')
const blob = (digest: string) => join(workspace().store, 'blobs', 'sha256', digest.slice(7))
const drafts = () => readdirSync(join(snapshots(), 'drafts'))

async function pulledIndex(...options: string[]) {
  const ended = await dist('pull', ...options, reference('index'))
  expect(ended.code, ended.stderr).toBe(0)
}

describe('an image of the store', () => {
  it('is unpacked into snapshots; name, chain ID and path of the top one are printed', async () => {
    const ended = await dist('unpack', reference('app'))
    expect(ended).toMatchObject({ code: 0, stdout: `${reference('app')} ${chainID} ${pathOf(chainID)}\n` })
    expect(linesOf(ended.stderr).at(-1)).toBe(`${reference('app')}: unpacked`)
    expect(readdirSync(join(pathOf(base.diffID), 'etc'))).toEqual(['gone', 'release'])
    const tree = readTree(pathOf(chainID))
    expect(Object.keys(tree)).toEqual(['.', 'etc', 'etc/hostname', 'etc/link', 'etc/release'])
    expect(tree['etc/release']).toMatchObject({ mode: '4750', owner: '7:8', content: 'base\n' })
    expect(tree['etc/release']?.mtime).toBe('86400000000')
    expect(drafts()).toEqual([])
  })

  it('is not unpacked again: the same is printed, also when the store lost its layers', async () => {
    const first = await dist('unpack', reference('app'))
    const before = statSync(pathOf(chainID))
    for (const { descriptor } of [base, top]) rmSync(blob(descriptor.digest))
    const again = await dist('unpack', reference('app'))
    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(statSync(pathOf(chainID)).ino).toBe(before.ino)
  })

  it('shares the snapshots of equal layers with other images', async () => {
    await dist('unpack', reference('app'), reference('sibling'))
    const list = jsonLines((await dist('snapshots', '--json')).stdout)
    expect(list).toHaveLength(3)
    expect(list[0]).toMatchObject({ chainID: base.diffID, layer: base.descriptor.digest, entries: 3 })
    expect(list.slice(1).map(({ parent }) => parent)).toEqual([base.diffID, base.diffID])
  })

  it('of an index is that of this machine, or of the platform asked for', async () => {
    await pulledIndex('--all-platforms')
    expect((await dist('unpack', reference('index'))).stdout).toContain(chainID)
    const asked = await dist('unpack', '--platform', 'linux/s390x', reference('index'))
    expect(asked).toMatchObject({ code: 3, stdout: '' })
    expect(asked.stderr).toContain('no manifest for linux/s390x; the index has linux/a')
  })

  it('of a platform that was not pulled: 3, saying to pull it', async () => {
    const wanted = platform.architecture === 'arm64' ? 'linux/amd64' : 'linux/arm64'
    await pulledIndex()
    const ended = await dist('unpack', '--platform', wanted, reference('index'))
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toMatch(new RegExp(`${wanted} .* pull`))
  })

  it('makes the root readable inside, and its directory private, with any umask', async () => {
    const ended = await workspace().shell(`umask 077; dist unpack ${reference('app')}`)
    expect(ended.code).toBe(0)
    expect(statSync(pathOf(chainID)).mode & 0o777).toBe(0o755)
    expect(statSync(join(pathOf(chainID), 'etc/hostname')).mode & 0o777).toBe(0o644)
    expect(statSync(snapshots()).mode & 0o777).toBe(0o700)
  })

  it('goes where --snapshots says, else DIST_SNAPSHOTS', async () => {
    const [one, two] = [join(workspace().root, 'one'), join(workspace().root, 'two')]
    const env = { DIST_SNAPSHOTS: two }
    const args = ['unpack', reference('app')]
    expect((await workspace().dist([...args, '--snapshots', one], { env })).stdout).toContain(
      ` ${one}/sha256/`,
    )
    expect((await workspace().dist(args, { env })).stdout).toContain(` ${two}/sha256/`)
    expect(existsSync(snapshots())).toBe(false)
  })

  it('is not unpacked into a directory of something else: 2', async () => {
    const ended = await dist('unpack', '--snapshots', workspace().store, reference('app'))
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('neither empty nor a directory of snapshots')
  })

  it('--top keeps the top snapshot alone, and what is there already serves the other way too', async () => {
    const ended = await dist('unpack', '--top', reference('app'))
    expect(ended).toMatchObject({ code: 0, stdout: `${reference('app')} ${chainID} ${pathOf(chainID)}\n` })
    expect(jsonLines((await dist('snapshots', '--json')).stdout)).toMatchObject([{ chainID }])
    expect(await dist('unpack', reference('app'))).toMatchObject({ code: 0, stdout: ended.stdout })
    expect(jsonLines((await dist('snapshots', '--json')).stdout)).toHaveLength(1)
  })

  it('--json tells every snapshot', async () => {
    const [unpacked] = jsonLines((await dist('unpack', '--json', reference('app'))).stdout)
    expect(unpacked).toMatchObject({
      name: reference('app'),
      manifest: app.descriptor.digest,
      chainID,
      path: pathOf(chainID),
      snapshots: [
        { chainID: base.diffID, diffID: base.diffID, layer: base.descriptor.digest, entries: 3 },
        { chainID, parent: base.diffID, diffID: top.diffID, entries: 3, path: pathOf(chainID) },
      ],
    })
  })
})

describe('several images', () => {
  it('of which one is not there: 6, and the others are unpacked', async () => {
    const ended = await dist('unpack', reference('none'), reference('app'))
    expect(ended.code).toBe(6)
    expect(ended.stdout).toContain(chainID)
    expect(ended.stderr).toContain('unpack:none: not in the store')
  })
})

describe('stored content that rots', () => {
  const change = (digest: string, by: (content: Buffer) => Buffer) =>
    writeFileSync(blob(digest), by(readFileSync(blob(digest))))

  it.each([
    ['a flipped byte', (content: Buffer) => content.fill((content[40] ?? 0) ^ 1, 40, 41)],
    ['what it was unpacked to', () => Buffer.from(uncompressedLayer(top))],
    ['nothing at all', () => Buffer.alloc(0)],
  ])('%s: 5, which names the layer, and nothing of it becomes visible', async (_, by) => {
    change(top.descriptor.digest, by)
    const ended = await dist('unpack', reference('app'))
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    expect(ended.stderr).toContain(top.descriptor.digest)
    expect(jsonLines((await dist('snapshots', '--json')).stdout)).toMatchObject([{ chainID: base.diffID }])
    expect(drafts()).toEqual([])
  })
})
