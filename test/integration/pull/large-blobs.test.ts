import { faults, startRegistry } from '@dist/testkit'
import { digestsOf, singleImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { perTest } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = perTest(async () => {
  const registry = await startRegistry({ blobHost: true })
  registry.content.putImage('app', '1', singleImage)
  return registry
})

const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
const path = { path: `/blobs/${layer}` }
const blobHost = () => registry().blobHost ?? registry()
const pull = (env: Record<string, string>) => workspace().dist(['pull', `${registry().host}/app:1`], { env })

async function expectWhole(env: Record<string, string>): Promise<void> {
  const { code, stderr } = await pull(env)
  expect(code, stderr).toBe(0)
  expect(await rehash(workspace().store)).toEqual(digestsOf(singleImage))
  expect(await leftovers(workspace().store)).toEqual([])
}

/** An interim answer comes first, which the fast receiver leaves to undici. */
const interim = faults.delivered((response, { status, headers, body }) => {
  response.writeProcessing()
  response.writeHead(status, headers).end(body)
})

describe.each(['fast', 'undici'])('a large blob that is received by %s', (way) => {
  const env = { DIST_LARGE_BLOBS: way }

  it('R1 comes from another origin without credentials of the registry', async () => {
    await expectWhole(env)
    const [request] = blobHost().received({})
    expect(request?.headers).not.toHaveProperty('authorization')
  })

  it('R9 longer than declared: 5, and nothing of it is visible', async () => {
    blobHost().script({ path: layer }, faults.endlessBody())
    expect(await pull(env)).toMatchObject({ code: 5, stdout: '' })
    expect(await rehash(workspace().store)).not.toContain(layer)
  })

  it('R10 with one byte flipped: 5, and nothing of it is visible', async () => {
    blobHost().script({ path: layer }, faults.flippedByte(1_000_000))
    const ended = await pull(env)
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    expect(ended.stderr).toContain(layer)
    expect(await rehash(workspace().store)).not.toContain(layer)
  })

  it('R22 that breaks in the middle is continued there', async () => {
    blobHost().script({ path: layer }, faults.cutBody(700_000), { times: 1 })
    await expectWhole(env)
    const ranges = blobHost().requests.map(({ headers }) => headers.range)
    expect(ranges).toContain('bytes=700000-')
  })

  it('R22 that ends early without a length is continued there', async () => {
    blobHost().script({ path: layer }, faults.shortenedBody(700_000), { times: 1 })
    await expectWhole(env)
    expect(blobHost().requests.map(({ headers }) => headers.range)).toContain('bytes=700000-')
  })

  it('that comes after an interim answer is whole', async () => {
    registry().script(path, interim)
    await expectWhole(env)
    expect(registry().received(path)).toHaveLength(way === 'fast' ? 2 : 1)
  })
})

it('another way to receive large blobs is a usage error', async () => {
  const ended = await pull({ DIST_LARGE_BLOBS: 'slow' })
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('fast or undici is expected')
})
