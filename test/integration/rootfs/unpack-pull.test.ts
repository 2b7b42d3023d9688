import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, hostPlatform, mediaTypes } from '@dist/oci'
import {
  dockerImage,
  type FixtureImage,
  fixtureBlob,
  ociImage,
  seededLayer,
  startRegistry,
  tarLayer,
} from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { Screen } from '../support/screen.js'
import { perTest } from '../support/servers.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', 'good', good)
  return registry
})

const layers = [tarLayer([{ path: 'a', content: 'a' }]), seededLayer('large', 1_500_000)] as const
const good = ociImage({ layers, platform: hostPlatform() })
const chainID = digestOf(`${layers[0].diffID} ${layers[1].diffID}`)
const put = (tag: string, image: FixtureImage) => registry().content.putImage('app', tag, image)
const reference = (tag: string) => `${registry().host}/app:${tag}`
const pull = (...args: string[]) => workspace().dist(['pull', '--unpack', ...args])
const snapshots = () => join(workspace().home, 'data', 'dist-snapshots')
const listed = async () => jsonLines((await workspace().dist(['snapshots', '--json'])).stdout)

/** An image whose config has these diffIDs. */
function withDiffIDs(...diffIDs: string[]): FixtureImage {
  const config = fixtureBlob(
    JSON.stringify({ ...hostPlatform(), rootfs: { type: 'layers', diff_ids: diffIDs } }),
    mediaTypes.ociConfig,
  )
  const document = {
    schemaVersion: 2,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  }
  const { descriptor, open } = fixtureBlob(JSON.stringify(document), mediaTypes.ociManifest)
  return { descriptor, content: Buffer.concat([...open()]), blobs: [config, ...layers], children: [] }
}

describe('dist pull --unpack', () => {
  it('prints what was pulled, and then what was unpacked to where', async () => {
    const ended = await pull(reference('good'))
    expect(ended.code, ended.stderr).toBe(0)
    const path = join(snapshots(), 'sha256', chainID.slice(7), 'fs')
    expect(linesOf(ended.stdout)).toEqual([
      `${reference('good')} ${good.descriptor.digest}`,
      `${reference('good')} ${chainID} ${path}`,
    ])
    expect(linesOf(ended.stderr).slice(-4)).toEqual([
      `${reference('good')}: done`,
      ...layers.map(({ descriptor: { digest } }) =>
        expect.stringMatching(`^${reference('good')}: unpacked layer ${digest.slice(0, 19)} `),
      ),
      `${reference('good')}: unpacked`,
    ])
  })

  it('does nothing where both are done', async () => {
    const first = await pull(reference('good'))
    const asked = registry().received({ path: '/blobs/' }).length
    const again = await pull(reference('good'))
    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(registry().received({ path: '/blobs/' })).toHaveLength(asked)
  })

  it('--json tells both', async () => {
    const [told] = jsonLines((await pull('--json', reference('good'))).stdout)
    expect(told).toMatchObject({
      name: reference('good'),
      digest: good.descriptor.digest,
      unpacked: [{ chainID, snapshots: [{ chainID: layers[0].diffID }, { chainID }] }],
    })
  })

  it('takes Docker’s images', async () => {
    put('docker', dockerImage({ layers, platform: hostPlatform() }))
    expect((await pull(reference('docker'))).stdout).toContain(chainID)
  })

  it('leaves the other images alone when one cannot be unpacked: 6, and it is pulled all the same', async () => {
    put('bad', withDiffIDs(layers[0].diffID))
    const ended = await pull(reference('bad'), reference('good'))
    expect(ended.code).toBe(6)
    expect(ended.stdout).toContain(chainID)
    expect(ended.stderr).toContain(`dist: ${reference('bad')}: manifest sha256:`)
    const names = jsonLines((await workspace().dist(['images', '--json'])).stdout).map(({ name }) => name)
    expect(names).toEqual([reference('bad'), reference('good')])
  })

  it('does not unpack what could not be pulled', async () => {
    const ended = await pull(reference('none'))
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(existsSync(snapshots())).toBe(false)
  })
})

describe('L15 a config that does not fit its layers', () => {
  it('another diffID: 5, which names the layer, and no snapshot of it', async () => {
    put('wrong', withDiffIDs(layers[0].diffID, digestOf('x')))
    const ended = await pull(reference('wrong'))
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    expect(ended.stderr).toContain(layers[1].descriptor.digest)
    expect(await listed()).toMatchObject([{ chainID: layers[0].diffID }])
  })

  it.each([
    ['too few', () => [layers[0].diffID]],
    ['too many', () => [layers[0].diffID, layers[1].diffID, digestOf('x')]],
  ])('%s diff_ids: 1, and nothing is unpacked', async (_, diffIDs) => {
    put('wrong', withDiffIDs(...diffIDs()))
    const ended = await pull(reference('wrong'))
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/has 2 layers, but its config has \d diff_ids/)
    expect(existsSync(snapshots())).toBe(false)
  })
})

it('a foreign layer that is left where it is: 3, which names it', async () => {
  const foreign = {
    ...fixtureBlob('foreign', mediaTypes.dockerForeignLayerGzip),
    diffID: digestOf('foreign'),
  }
  put('foreign', ociImage({ layers: [layers[0], foreign], platform: hostPlatform() }))
  const ended = await pull(reference('foreign'))
  expect(ended).toMatchObject({ code: 3, stdout: '' })
  expect(ended.stderr).toMatch(new RegExp(`foreign layers are not stored.*${foreign.descriptor.digest}`))
})

it('what could not be made of a layer is said, and the image is unpacked', async () => {
  const noted = tarLayer([{ path: 'noted', pax: { 'SCHILY.xattr.user.note': 'x' } }])
  put('noted', ociImage({ layers: [noted], platform: hostPlatform() }))
  const ended = await pull(reference('noted'))
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stderr).toContain(`dist: ${reference('noted')}: noted: `)
})

it('a terminal shows each layer as it is unpacked, where it was shown as it came', async () => {
  const script = `stty cols 100 rows 24; exec dist pull --unpack ${reference('good')}`
  const running = workspace().startShell(`exec script -qefc '${script}' /dev/null`, {
    env: { TERM: 'xterm-256color', NO_COLOR: '1' },
  })
  const ended = await running.ended
  expect(ended.code, ended.stdout).toBe(0)
  const screen = new Screen(100).write(ended.stdout.replaceAll('\r\n', '\n\r'))
  const shown = screen.lines.join('\n')
  expect(shown).toContain(`${reference('good')}  unpacked`)
  for (const { descriptor } of layers)
    expect(shown).toMatch(new RegExp(`layer ${descriptor.digest.slice(0, 19)} +unpacked +│━+│`))
  expect(shown).toMatch(/unpacked 1\.4 MiB \/ 1\.4 MiB/)
})
