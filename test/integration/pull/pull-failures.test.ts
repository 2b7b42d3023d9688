import { mediaTypes } from '@dist/oci'
import { faults, ociImage, startRegistry, tarLayer } from '@dist/testkit'
import { digestsOf, singleImage } from '@dist/testkit/fixtures'
import { freePort } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { perTest } from '../support/servers.js'
import { leftovers, namesIn, rehash } from '../support/store-files.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', '1', singleImage)
  return registry
})

const other = ociImage({ layers: [tarLayer([{ path: 'other', content: 'other' }])] })
const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
const layerPath = { path: `/blobs/${layer}` }
const reference = (name: string) => `${registry().host}/${name}`
const pull = (...names: string[]) => workspace().dist(['pull', ...names.map(reference)])
const images = () => namesIn(workspace().store)
/** What is said for people, without progress. */
const remarks = (stderr: string) => linesOf(stderr).filter((line) => line.startsWith('dist: '))

describe('of several images', () => {
  it('one that is not there: 6, and the others are', async () => {
    registry().content.putImage('app', '2', other)
    const ended = await pull('app:1', 'app:none', 'app:2')
    expect(ended.code).toBe(6)
    expect(linesOf(ended.stdout)).toEqual([
      `${reference('app:1')} ${singleImage.descriptor.digest}`,
      `${reference('app:2')} ${other.descriptor.digest}`,
    ])
    expect(remarks(ended.stderr)).toEqual([expect.stringContaining(reference('app:none'))])
    expect(await rehash(workspace().store)).toEqual(digestsOf(singleImage, other))
  })

  it('one whose layer is not there: 6, and it is not published', async () => {
    registry().content.putImage('app', '2', other)
    registry().script(layerPath, faults.status(404))
    const ended = await pull('app:1', 'app:2')
    expect(ended.code).toBe(6)
    expect(remarks(ended.stderr)[0]).toContain(layer)
    expect(await images()).toEqual([reference('app:2')])
  })

  it('all for one reason: that reason’s code, one line for each', async () => {
    const ended = await pull('app:none', 'app:neither')
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(remarks(ended.stderr)).toHaveLength(2)
  })

  it('all, each for its own reason: 1', async () => {
    registry().script({ path: '/secret/' }, faults.status(403))
    expect((await pull('app:none', 'secret:1')).code).toBe(1)
  })

  it('two that share the layer that fails: both say so', async () => {
    registry().content.putImage('app', '2', singleImage)
    registry().script(layerPath, faults.status(404))
    const ended = await pull('app:1', 'app:2')
    expect(ended.code).toBe(3)
    for (const remark of remarks(ended.stderr)) expect(remark).toContain(layer)
    expect(remarks(ended.stderr)).toHaveLength(2)
  })
})

it('a registry that is not there: 1, one line that names it', async () => {
  // Servers of other tests listen on 127.0.0.1 only: the port stays free on this address.
  const host = `127.0.0.77:${await freePort()}`
  const ended = await workspace().dist(['pull', `${host}/app:1`])
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(remarks(ended.stderr)).toEqual([
    expect.stringMatching(new RegExp(`${host}.* refuses the connection`)),
  ])
  expect(ended.stderr).not.toContain('    at ')
})

const config = { mediaType: mediaTypes.ociConfig, digest: layer, size: 2 }
const document = (fields: object) => JSON.stringify({ schemaVersion: 2, ...fields })

it.each([
  ['R13 no JSON', 'this is no JSON', /is not JSON/],
  ['R14 too large', ' '.repeat(9 * 1024 * 1024), /exceeds the limit of \d+ bytes/],
  [
    'R13 layers and manifests at once',
    document({ config, layers: [], manifests: [] }),
    /both layers and manifests/,
  ],
  [
    'R13 another type than it says',
    document({ mediaType: mediaTypes.ociIndex, config, layers: [] }),
    /has the media type/,
  ],
  ['R13 of schema 1', JSON.stringify({ schemaVersion: 1, fsLayers: [] }), /schema 1/],
  ['R17 a size that is none', document({ config: { ...config, size: -1 }, layers: [] }), /size/],
  [
    'R18 a digest that is a path',
    document({ config: { ...config, digest: 'sha256:../../x' }, layers: [] }),
    /digest/,
  ],
  ['R16 one digest in two sizes', document({ config, layers: [{ ...config, size: 3 }] }), /size/],
])('a manifest that cannot be right: %s', async (_, content, said) => {
  registry().content.putManifest('app', content, mediaTypes.ociManifest, 'bad')
  const ended = await pull('app:bad')
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(remarks(ended.stderr)).toEqual([expect.stringMatching(said)])
  expect(ended.stderr).not.toContain('    at ')
  expect(await images()).toEqual([])
  expect(registry().received({ path: '/blobs/' })).toEqual([])
})

describe('what passes by itself is waited out', () => {
  async function expectWaitedOut(): Promise<void> {
    const ended = await pull('app:1')
    expect(ended.code, ended.stderr).toBe(0)
    expect(remarks(ended.stderr)).toEqual([])
    expect(await rehash(workspace().store)).toEqual(digestsOf(singleImage))
    expect(await leftovers(workspace().store)).toEqual([])
  }

  it.each([
    ['5xx for a while', faults.status(503), 2],
    ['a connection that breaks', faults.closed(), 1],
  ])('%s', async (_, fault, times) => {
    registry().script(layerPath, fault, { times })
    await expectWaitedOut()
  })

  it('R22 what was cut off goes on with a Range from there', async () => {
    registry().script(layerPath, faults.cutBody(700_000), { times: 1 })
    await expectWaitedOut()
    const ranges = registry()
      .received(layerPath)
      .map(({ headers }) => headers.range)
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)])
  })

  it('R23 429 with Retry-After: not asked again before', async () => {
    const asked: number[] = []
    registry().script(layerPath, (request, proper) => {
      asked.push(performance.now())
      return asked.length === 1 ? faults.status(429, { 'retry-after': '1' })(request, proper) : proper()
    })
    expect((await pull('app:1')).code).toBe(0)
    expect(asked).toHaveLength(2)
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(950)
  })
})

it('R10 a layer of other bytes: 5, and nothing of it is visible', async () => {
  registry().script(layerPath, faults.flippedByte(1_000))
  const ended = await pull('app:1')
  expect(ended).toMatchObject({ code: 5, stdout: '' })
  expect(remarks(ended.stderr)).toEqual([expect.stringContaining(layer)])
  expect(await rehash(workspace().store)).not.toContain(layer)
  expect(await images()).toEqual([])
})

it('R9 an endless layer: 5', async () => {
  registry().script(layerPath, faults.endlessBody())
  const ended = await pull('app:1')
  expect(ended.code, ended.stderr).toBe(5)
  expect(await rehash(workspace().store)).not.toContain(layer)
})

it('R11 a manifest that is not what its digest says: 5', async () => {
  const { digest } = singleImage.descriptor
  registry().script(
    { path: `/manifests/${digest}` },
    faults.withBody(() => Buffer.from('{}')),
  )
  const ended = await pull(`app@${digest}`)
  expect(ended).toMatchObject({ code: 5, stdout: '' })
})
