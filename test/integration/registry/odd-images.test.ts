import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { digestOf, hostPlatform, mediaTypes } from '@dist/oci'
import {
  type FixtureLayer,
  fixtureBlob,
  ociImage,
  pushImage,
  readTree,
  tarArchive,
  tarLayer,
  zstdFrame,
} from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const motd = [{ path: 'etc/motd', content: 'hello\n' }]
const platform = hostPlatform()

/** A layer whose tar lacks its last two blocks. */
function openLayer(mediaType: string, compress: (archive: Uint8Array) => Uint8Array): FixtureLayer {
  const archive = Buffer.from(tarArchive(motd).slice(0, -1024))
  return { ...fixtureBlob(compress(archive), mediaType), diffID: digestOf(archive) }
}

const openEnded = ociImage({
  platform,
  layers: [
    openLayer(mediaTypes.ociLayerGzip, gzipSync),
    openLayer(mediaTypes.ociLayerZstd, zstdFrame),
    openLayer(mediaTypes.ociLayer, (archive) => archive),
  ],
})
const configured = (config: unknown) => ociImage({ platform, layers: [tarLayer(motd)], config: { config } })
const images = {
  'open-ended': openEnded,
  strings: configured({ Entrypoint: '/bin/sh -c', Cmd: 'serve all', Env: 'A=b c', Labels: 'a=b' }),
  nulls: configured({ Entrypoint: null, Cmd: ['sh', null], Env: [null, 'A=b'], Labels: null, User: null }),
  odd: configured({ Entrypoint: 7, Cmd: {}, Env: { A: 'b' }, Labels: ['a'], ExposedPorts: 80, User: 0 }),
  list: configured([]),
}
const registry = useRegistry(async ({ url }) => {
  for (const [name, image] of Object.entries(images)) await pushImage(url, name, '1', image)
})
const workspace = useWorkspace()
const ref = (name: keyof typeof images) => `${registry().host}/${name}:1`
const dist = (...args: string[]) => workspace().dist(args)

async function unpacked(name: keyof typeof images): Promise<string> {
  const pulled = await dist('pull', ref(name))
  expect(pulled.code, pulled.stderr).toBe(0)
  const ended = await dist('unpack', ref(name))
  expect(ended.code, ended.stderr).toBe(0)
  return linesOf(ended.stdout)[0]?.split(' ').at(-1) ?? ''
}

const bundleOf = (directory: string) =>
  JSON.parse(readFileSync(join(workspace().root, directory, 'config.json'), 'utf8'))

it('L18 layers whose tar lacks its last two blocks are pulled, exported and imported, and unpacked', async () => {
  expect(readTree(await unpacked('open-ended'))).toMatchObject({ 'etc/motd': { content: 'hello\n' } })
  const carried = await workspace().shell(`dist export ${ref('open-ended')} | dist import --store other`)
  expect(carried.code, carried.stderr).toBe(0)
  const there = await dist('unpack', '--store', 'other', '--snapshots', 'others', ref('open-ended'))
  expect(there.code, there.stderr).toBe(0)
})

describe('L17 a config with', () => {
  it('strings in place of lists is unpacked, and its bundle runs the same command as docker', async () => {
    expect(readTree(await unpacked('strings'))).toMatchObject({ 'etc/motd': { content: 'hello\n' } })
    const ended = await dist('bundle', ref('strings'), 'bundle')
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).toMatch(
      /^dist: config sha256:[0-9a-f]{64}: config: Labels is not an object: left out$/m,
    )
    const { process } = bundleOf('bundle')
    expect(process.args).toEqual(['/bin/sh -c', 'serve all'])
    expect(process.env).toContain('A=b c')
  })

  it('nulls is unpacked and bundled without a warning', async () => {
    await unpacked('nulls')
    const ended = await dist('bundle', ref('nulls'), 'bundle')
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).not.toMatch(/left out/)
    const { process } = bundleOf('bundle')
    expect(process).toMatchObject({ args: ['sh'], user: { uid: 0, gid: 0 } })
    expect(process.env).toContain('A=b')
  })

  it.each(['odd', 'list'] as const)(
    'unreadable fields is unpacked, and its bundle fails: %s',
    async (name) => {
      expect(readTree(await unpacked(name))).toMatchObject({ 'etc/motd': { content: 'hello\n' } })
      const ended = await dist('bundle', ref(name), 'bundle')
      expect(ended).toMatchObject({ code: 1, stdout: '' })
      expect(ended.stderr).toMatch(
        /config sha256:[0-9a-f]{64}: config:? [^\n]*is not [^\n]*: command and user of the image are not known\n$/,
      )
    },
  )
})
