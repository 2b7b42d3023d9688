import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { applyLayer } from '@dist/rootfs'
import {
  fixtureBlob,
  gzipMembers,
  ociImage,
  pushImage,
  readTree,
  seededBuffer,
  type Tree,
  tarArchive,
  tarLayer,
  uncompressedLayer,
  zstdFrame,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const lower = tarLayer([
  { path: 'etc/', type: 'directory', mode: 0o755, mtime: 1000 },
  { path: 'etc/motd', content: 'hello\n' },
  { path: 'etc/old', content: 'old\n' },
  { path: 'bin/tool', content: '#!/bin/sh\n', mode: 0o4755 },
  { path: 'bin/alias', link: 'tool' },
])
const upper = tarLayer([{ path: 'etc/.wh.old' }, { path: 'etc/new', content: 'new\n' }], {
  compression: 'zstd',
})
const image = ociImage({ layers: [lower, upper, tarLayer([{ path: 'data', content: 'x'.repeat(100_000) }])] })
const registry = useRegistry(({ url }) => pushImage(url, 'app', '1', image))
const workspace = useWorkspace()

const archive = uncompressedLayer(lower)
const bytesOf = (layer: typeof lower) => Buffer.concat([...layer.open()])
const noise = seededBuffer('noise', 4_000_000)
const rootfs = () => join(workspace().root, 'rootfs')

/** What is there before a command. */
async function applyLower(): Promise<Tree> {
  mkdirSync(rootfs())
  await applyLayer(rootfs(), Readable.from(lower.open()))
  return readTree(rootfs())
}

it.each([
  ['plain', archive],
  ['gzip', gzipSync(archive)],
  ['gzip of several members', gzipMembers(archive, 3)],
  ['zstd', zstdFrame(archive)],
])('applies a %s layer from stdin and prints its diffID', async (_, stdin) => {
  const ended = await workspace().dist(['apply', 'rootfs'], { stdin })
  expect(ended).toMatchObject({ code: 0, stdout: `${lower.diffID}\n`, stderr: '' })
  expect(readTree(rootfs())).toMatchObject({
    'bin/alias': { type: 'symlink', target: 'tool' },
    'bin/tool': { type: 'file', mode: '4755', content: '#!/bin/sh\n' },
    etc: { mtime: '1000000000' },
    'etc/motd': { content: 'hello\n' },
  })
})

it('a later layer changes what the ones before made', async () => {
  await applyLower()
  const ended = await workspace().dist(['apply', '--json', 'rootfs'], { stdin: bytesOf(upper) })
  const size = uncompressedLayer(upper).byteLength
  expect(jsonLines(ended.stdout)).toEqual([{ diffID: upper.diffID, size, entries: 2 }])
  expect(existsSync(join(rootfs(), 'etc/old'))).toBe(false)
  expect(readFileSync(join(rootfs(), 'etc/new'), 'utf8')).toBe('new\n')
})

it('takes a layer of the store by its digest', async () => {
  const { digest } = lower.descriptor
  const w = workspace()
  await w.dist(['ingest', '--expected-digest', digest, 'layer'], { stdin: bytesOf(lower) })
  expect(await w.dist(['apply', '--layer', digest, 'rootfs'])).toMatchObject({
    code: 0,
    stdout: `${lower.diffID}\n`,
  })
  expect(existsSync(join(rootfs(), 'etc/motd'))).toBe(true)
})

it('a layer that the store does not have ends with 3, and no directory is made', async () => {
  const { digest } = fixtureBlob('absent').descriptor
  expect(await workspace().dist(['apply', '--layer', digest, 'rootfs'])).toMatchObject({
    code: 3,
    stdout: '',
  })
  expect(existsSync(rootfs())).toBe(false)
})

it('--diff-id takes the layer that has it', async () => {
  const args = ['apply', '--diff-id', lower.diffID, 'rootfs']
  expect((await workspace().dist(args, { stdin: bytesOf(lower) })).code).toBe(0)
})

const refusals: [string, number, string[], Uint8Array, string][] = [
  ['L15 a layer of another diffID', 5, ['--diff-id', upper.diffID], bytesOf(lower), lower.diffID],
  ['L14 a gzip layer that is cut off', 1, [], bytesOf(lower).subarray(0, -20), 'truncated'],
  ['L14 a zstd layer that is cut off', 1, [], bytesOf(upper).subarray(0, -8), 'truncated'],
  ['an archive that is cut off', 1, [], archive.subarray(0, 1500), 'truncated'],
  ['nothing', 1, [], Buffer.alloc(0), 'has no bytes'],
  ['what is no archive', 1, [], seededBuffer('noise', 5000), 'not a tar archive'],
  ['L1 a layer that leads outside', 1, [], tarArchive([{ path: 'ok' }, { path: '../out' }]), '../out'],
  ['L13 a layer of too many bytes', 1, ['--max-bytes', '2000'], bytesOf(lower), '2000'],
  ['L13 a layer of too many entries', 1, ['--max-entries', '2'], bytesOf(lower), '2'],
]

it.each(refusals)(
  '%s ends with %i, and the directory stays as it was',
  async (_, code, options, stdin, said) => {
    const before = await applyLower()
    const ended = await workspace().dist(['apply', ...options, 'rootfs'], { stdin })
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: .*\n$/)
    expect(ended.stderr).toContain(said)
    expect(readTree(rootfs())).toEqual(before)
  },
)

it.each(refusals)('%s ends with %i, and no directory is made', async (_, code, options, stdin) => {
  const ended = await workspace().dist(['apply', ...options, 'new/rootfs'], { stdin })
  expect(ended).toMatchObject({ code, stdout: '' })
  expect(existsSync(join(workspace().root, 'new'))).toBe(false)
  expect(existsSync(join(workspace().root, 'out'))).toBe(false)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with %i, and the directory stays as it was', async (signal, code) => {
  const before = await applyLower()
  const running = workspace().start(['apply', 'rootfs'])
  const large = tarArchive([
    { path: 'etc/motd', content: 'changed' },
    { path: 'large', content: noise },
  ])
  // More than a pipe holds: once it is gone, the command has read most of it.
  await new Promise((resolve) => running.child.stdin?.write(large.subarray(0, -2000), resolve))
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code, stdout: '', stderr: '' })
  expect(readTree(rootfs())).toEqual(before)
})

it('says what it could not make, and makes the rest', async () => {
  const pax = { 'SCHILY.xattr.user.note': 'hello' }
  const ended = await workspace().dist(['apply', 'rootfs'], { stdin: tarArchive([{ path: 'file', pax }]) })
  expect(ended.code).toBe(0)
  expect(ended.stderr).toMatch(/^dist: file: .*user\.note.*\n$/)
  expect(existsSync(join(rootfs(), 'file'))).toBe(true)
})

it('a terminal as stdin is a usage error that says what to do', async () => {
  const ended = await workspace().shell(`script -qefc 'dist apply rootfs' /dev/null`)
  expect(ended.code).toBe(2)
  expect(ended.stdout).toMatch(/^dist: .*terminal.*--layer/)
  expect(existsSync(rootfs())).toBe(false)
})

it('an empty name, a file in the way and a malformed digest are usage errors', async () => {
  const file = workspace().file('file', '')
  for (const args of [[''], [file], ['--diff-id', 'sha256:abc', 'rootfs'], ['--layer', 'x', 'rootfs']])
    expect(await workspace().dist(['apply', ...args])).toMatchObject({ code: 2, stdout: '' })
  expect(existsSync(rootfs())).toBe(false)
})

it('layers of a registry, through fetch, one after the other', async () => {
  const remote = `${registry().host}/app`
  const script = `
    set -euo pipefail
    dist fetch ${remote} 1 | jq -r '.layers[].digest' > layers
    while read -r layer; do dist fetch ${remote} "$layer" type:blob < /dev/null | dist apply rootfs; done < layers
    dist fetch ${remote} 1 | jq -r '.config.digest + " type:blob"' |
      dist fetch --stdin ${remote} | tail -n +2 | jq -r '.rootfs.diff_ids[]' > diff-ids`
  const ended = await workspace().shell(script)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toBe(readFileSync(join(workspace().root, 'diff-ids'), 'utf8'))
  expect(Object.keys(readTree(rootfs()))).toEqual([
    ...['.', 'bin', 'bin/alias', 'bin/tool', 'data', 'etc', 'etc/motd', 'etc/new'],
  ])
})

it('the printed diffID is the sha256 of what gunzip makes of the layer', async () => {
  const { digest } = lower.descriptor
  const script = `
    set -euo pipefail
    dist fetch ${registry().host}/app ${digest} type:blob | tee layer.gz | dist apply rootfs
    echo "sha256:$(gunzip -c layer.gz | sha256sum | cut -d' ' -f1)"`
  const [printed, computed] = linesOf((await workspace().shell(script)).stdout)
  expect(printed).toBe(lower.diffID)
  expect(computed).toBe(printed)
})

it('all layers that a store lists, each into its own directory', async () => {
  const w = workspace()
  const layers = [lower, upper]
  for (const { descriptor } of layers)
    await w.dist(['ingest', '--expected-digest', descriptor.digest, 'layer'], {
      stdin: bytesOf(descriptor === lower.descriptor ? lower : upper),
    })
  const ended = await w.shell(`dist list -q | xargs -I% dist apply --layer % apart/%`)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(linesOf(ended.stdout).sort()).toEqual(layers.map(({ diffID }) => diffID).sort())
  const names = Object.keys(readTree(join(w.root, 'apart'))).filter((path) => path.endsWith('etc'))
  expect(names.sort()).toEqual(layers.map(({ descriptor }) => `${descriptor.digest}/etc`).sort())
})

it('L18 a layer of the store without the two blocks at its end is applied', async () => {
  for (const layer of [archive.subarray(0, -1024), gzipSync(archive.subarray(0, -1024))]) {
    const { digest } = fixtureBlob(layer).descriptor
    expect(await workspace().dist(['ingest', 'open'], { stdin: layer })).toMatchObject({ code: 0 })
    const ended = await workspace().dist(['apply', '--layer', digest, `rootfs-${digest.slice(-4)}`])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(readTree(join(workspace().root, `rootfs-${digest.slice(-4)}`))).toMatchObject({
      'etc/motd': { content: 'hello\n' },
    })
  }
  // From a pipe it may be the half of one.
  const piped = await workspace().dist(['apply', 'piped'], { stdin: archive.subarray(0, -1024) })
  expect(piped).toMatchObject({ code: 1, stdout: '' })
})

it('a layer that is damaged in the store leaves the directory as it was', async () => {
  const { digest } = fixtureBlob(archive).descriptor
  await workspace().dist(['ingest', 'rotten'], { stdin: archive })
  const path = join(workspace().store, 'blobs', 'sha256', digest.slice('sha256:'.length))
  chmodSync(path, 0o644)
  writeFileSync(path, archive.subarray(0, -1024))
  const ended = await workspace().dist(['apply', '--layer', digest, 'rootfs'])
  expect(ended).toMatchObject({ code: 5, stdout: '' })
  expect(ended.stderr).toMatch(/^dist: layer sha256:[0-9a-f]{64} is damaged in the store[^\n]*\n$/)
  expect(existsSync(rootfs())).toBe(false)
})
