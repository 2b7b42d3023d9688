import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Provider, Wanted } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf, mediaTypes } from '@dist/oci'
import { type UnpackEvent, type UnpackOptions, unpackImage } from '@dist/rootfs'
import { type FixtureImage, fixtureBlob, imageIndex, ociImage, tarLayer } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { imageWith, rejection, useWorld } from './support/world.js'

const world = useWorld()
const lower = tarLayer([
  { path: 'etc', type: 'directory' },
  { path: 'etc/a', content: 'lower a' },
  { path: 'etc/b', content: 'lower b' },
])
const upper = tarLayer([
  { path: 'etc/a', content: 'upper a' },
  { path: 'etc/.wh.b' },
  { path: 'etc/c', content: 'upper c' },
])
const other = tarLayer([{ path: 'etc/other', content: 'other' }], { compression: 'none' })
const image = ociImage({ layers: [lower, upper] })

const unpack = async (of: FixtureImage, options: Partial<UnpackOptions> = {}, source?: Provider) => {
  const desc = await world().putImage(of)
  const { snapshots, store } = world()
  const from = source === undefined ? store : { ...source, find: store.find.bind(store) }
  return await unpackImage(from, desc, { snapshots, ...options })
}
const text = (path: string, name: string) => readFileSync(join(path, name), 'utf8')
const chainIDs = async () => (await world().snapshots.list()).map(({ chainID }) => chainID)
const drafts = () => {
  const path = join(world().snapshots.root, 'drafts')
  return existsSync(path) ? readdirSync(path) : []
}

/** The store, with one piece of content changed while it is read. */
function rotten(digest: string, change: (content: Buffer) => Buffer): Provider & { opened: string[] } {
  const { store } = world()
  const opened: string[] = []
  const open = async (desc: Wanted) => {
    opened.push(desc.digest)
    const body = await store.open(desc)
    if (desc.digest !== digest) return body
    return (async function* () {
      for await (const chunk of body) yield change(Buffer.from(chunk))
    })()
  }
  return { open, opened }
}

describe('an image that is unpacked', () => {
  it('has a snapshot for each layer, with the files of the lower layers', async () => {
    const { chain, top } = await unpack(image)
    expect(chain.map(({ chainID }) => chainID)).toEqual([
      lower.diffID,
      digestOf(`${lower.diffID} ${upper.diffID}`),
    ])
    expect(top).toBe(chain[1])
    expect(readdirSync(join(chain[0]?.path ?? '', 'etc'))).toEqual(['a', 'b'])
    expect(readdirSync(join(top.path, 'etc'))).toEqual(['a', 'c'])
    expect([text(chain[0]?.path ?? '', 'etc/a'), text(top.path, 'etc/a')]).toEqual(['lower a', 'upper a'])
    expect(drafts()).toEqual([])
  })

  it('has a record for each snapshot', async () => {
    const { chain } = await unpack(image)
    expect(chain[1]).toMatchObject({
      parent: lower.diffID,
      diffID: upper.diffID,
      layer: upper.descriptor.digest,
      entries: 3,
    })
    expect(chain[0]).toMatchObject({ entries: 3, size: expect.any(Number) })
    expect(chain[0]?.parent).toBeUndefined()
  })

  it('reports the progress of each layer', async () => {
    const events: UnpackEvent[] = []
    await unpack(image, { onEvent: (event) => events.push(event) })
    const seen = events.flatMap((event) =>
      event.type === 'layer' ? [`${event.layer.desc.digest} ${event.state} ${event.offset}`] : [],
    )
    const of = ({ descriptor: { digest, size } }: typeof lower) => [
      `${digest} unpacking 0`,
      `${digest} unpacking ${size}`,
      `${digest} done ${size}`,
    ]
    const waiting = [lower, upper].map(({ descriptor }) => `${descriptor.digest} waiting 0`)
    expect(seen).toEqual([...waiting, ...of(lower), ...of(upper)])
  })

  it('is not unpacked again: no layer is opened', async () => {
    const first = await unpack(image)
    const source = rotten('', (content) => content)
    const events: UnpackEvent[] = []
    const again = await unpack(image, { onEvent: (event) => events.push(event) }, source)
    expect(again).toEqual(first)
    expect(source.opened).not.toContain(upper.descriptor.digest)
    expect(events).toMatchObject([{ state: 'exists' }, { state: 'exists' }])
  })

  it('shares the snapshots of equal layers with other images', async () => {
    await unpack(image)
    const source = rotten('', (content) => content)
    const { chain, top } = await unpack(ociImage({ layers: [lower, other] }), {}, source)
    expect(chain).toHaveLength(2)
    expect(source.opened).not.toContain(lower.descriptor.digest)
    expect(readdirSync(join(top.path, 'etc'))).toEqual(['a', 'b', 'other'])
    expect(await chainIDs()).toHaveLength(3)
  })

  it('needs only the highest of the lower snapshots', async () => {
    await unpack(image)
    await world().snapshots.remove(lower.diffID)
    const { chain } = await unpack(image)
    expect(chain).toHaveLength(1)
    expect(await chainIDs()).toHaveLength(1)
  })

  it('makes only the top snapshot with keep: top', async () => {
    const { chain, top } = await unpack(image, { keep: 'top' })
    expect(chain).toEqual([top])
    expect(readdirSync(join(top.path, 'etc'))).toEqual(['a', 'c'])
    expect(top).toMatchObject({ parent: lower.diffID, diffID: upper.diffID, entries: 3 })
    expect(await chainIDs()).toEqual([top.chainID])
    expect(drafts()).toEqual([])
    expect((await unpack(image)).top).toEqual(top)
  })

  it('starts from existing lower snapshots, also with keep: top', async () => {
    await unpack(ociImage({ layers: [lower] }))
    const source = rotten('', (content) => content)
    const { chain } = await unpack(image, { keep: 'top' }, source)
    expect(source.opened).not.toContain(lower.descriptor.digest)
    expect(chain).toHaveLength(2)
  })

  it('leaves nothing after a failure with keep: top', async () => {
    const wrong = imageWith({ rootfs: { diff_ids: [lower.diffID, digestOf('x')] } }, [lower, upper])
    expect(await rejection(unpack(wrong, { keep: 'top' }))).toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(await chainIDs()).toEqual([])
    expect(drafts()).toEqual([])
  })

  it('is that of the requested platform', async () => {
    const riscv = { os: 'linux', architecture: 'riscv64' }
    const index = imageIndex([image, ociImage({ layers: [other], platform: riscv })])
    expect((await unpack(index, { platform: riscv })).top.chainID).toBe(other.diffID)
  })

  it('L11 reports what could not be made, with its layer', async () => {
    const events: UnpackEvent[] = []
    const noted = tarLayer([{ path: 'noted', pax: { 'SCHILY.xattr.user.note': 'x' } }])
    await unpack(ociImage({ layers: [noted] }), { onEvent: (event) => events.push(event) })
    const warnings = events.filter(({ type }) => type === 'warning')
    expect(warnings).toMatchObject([{ entry: 'noted', layer: { desc: noted.descriptor } }])
  })
})

describe('nothing becomes visible of a layer', () => {
  const flip = (content: Buffer) => {
    const copy = Buffer.from(content)
    copy[copy.length - 6] = (copy.at(-6) ?? 0) ^ 1
    return copy
  }

  it('with a flipped byte: FAILED_PRECONDITION, naming the layer', async () => {
    const { digest } = upper.descriptor
    const error = await rejection(unpack(image, {}, rotten(digest, flip)))
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: expect.stringContaining(digest) })
    expect(await chainIDs()).toEqual([lower.diffID])
    expect(drafts()).toEqual([])
    expect((await unpack(image)).chain).toHaveLength(2)
  })

  it('that is truncated: FAILED_PRECONDITION', async () => {
    const source = rotten(lower.descriptor.digest, (content) => content.subarray(0, 60))
    expect(await rejection(unpack(image, {}, source))).toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(await chainIDs()).toEqual([])
  })

  it('L15 with another diffID than in the config: FAILED_PRECONDITION, naming the layer', async () => {
    const wrong = imageWith({ rootfs: { diff_ids: [lower.diffID, digestOf('x')] } }, [lower, upper])
    const error = await rejection(unpack(wrong))
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(upper.descriptor.digest),
    })
    expect(await chainIDs()).toEqual([lower.diffID])
    expect(drafts()).toEqual([])
  })

  it('L15 when the number of diffIDs is wrong: nothing is started', async () => {
    const wrong = imageWith({ rootfs: { diff_ids: [lower.diffID] } }, [lower, upper])
    expect(await rejection(unpack(wrong))).toMatchObject({ code: 'MALFORMED' })
    expect(existsSync(world().snapshots.root)).toBe(false)
  })

  it('with a hostile entry: the error names layer and entry', async () => {
    const hostile = tarLayer([{ path: '../outside', content: 'x' }])
    const error = await rejection(unpack(ociImage({ layers: [hostile] })))
    expect(error.message).toContain(hostile.descriptor.digest)
    expect(error.message).toContain('../outside')
    expect(await chainIDs()).toEqual([])
    expect(drafts()).toEqual([])
  })

  it('beyond its limits: RESOURCE_EXHAUSTED', async () => {
    expect(await rejection(unpack(image, { limits: { entries: 2 } }))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    })
    expect(await chainIDs()).toEqual([])
  })

  it('when the signal aborts: CANCELED', async () => {
    const controller = new AbortController()
    const onEvent = (event: UnpackEvent) => {
      if (event.type === 'layer' && event.layer.diffID === upper.diffID && event.state === 'unpacking')
        controller.abort()
    }
    const error = await rejection(unpack(image, { signal: controller.signal, onEvent }))
    expect(error.code).toBe('CANCELED')
    expect(await chainIDs()).toEqual([lower.diffID])
    expect(drafts()).toEqual([])
  })

  it('when layers are missing: NOT_FOUND with all of them, and nothing is started', async () => {
    const { digest } = upper.descriptor
    await world().putImage(image)
    await world().store.delete(digest)
    const { store, snapshots } = world()
    const failed = unpackImage(store, image.descriptor, { snapshots })
    expect(await rejection(failed)).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(digest),
    })
    expect(existsSync(snapshots.root)).toBe(false)
  })

  it('that is foreign and not stored: NOT_FOUND, with this cause', async () => {
    const foreign = fixtureBlob('foreign', mediaTypes.dockerForeignLayerGzip)
    const layers = [lower, { ...foreign, diffID: digestOf('foreign') }]
    const of = imageWith({ rootfs: { diff_ids: layers.map(({ diffID }) => diffID) } }, layers)
    await world().putImage(of)
    await world().store.delete(foreign.descriptor.digest)
    const { store, snapshots } = world()
    expect(await rejection(unpackImage(store, of.descriptor, { snapshots }))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(new RegExp(`foreign layers .*${foreign.descriptor.digest}$`)),
    })
  })
})

it('two that unpack the same image at the same time both succeed, with one snapshot for each layer', async () => {
  await world().putImage(image)
  const results = await Promise.all([unpack(image), unpack(image), unpack(image)])
  for (const { top } of results) expect(readdirSync(join(top.path, 'etc'))).toEqual(['a', 'c'])
  expect(await chainIDs()).toHaveLength(2)
  expect(drafts()).toEqual([])
})

it('an error of the store keeps its code and message', async () => {
  const broken = new DistError('UNAVAILABLE', 'the store is gone')
  const source = rotten(lower.descriptor.digest, () => {
    throw broken
  })
  expect(await rejection(unpack(image, {}, source))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('the store is gone'),
  })
})
