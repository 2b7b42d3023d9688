import { childrenHandler, type Handler, walk } from '@dist/images'
import { type Descriptor, type Digest, digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { index, layer } from './tree.js'

const fatal = (message: string) => ({
  code: 'MALFORMED',
  retryable: false,
  message: expect.stringContaining(message),
})

/** A chain of indexes: each names one more. */
const chain =
  (length: number): Handler =>
  async ({ annotations }) => {
    const depth = Number(annotations?.depth ?? 0)
    return depth < length
      ? [{ ...index(`depth ${depth + 1}`), annotations: { depth: String(depth + 1) } }]
      : []
  }

/** Indexes that always name more indexes. */
function endless(width: number, size: number): Handler {
  let next = 0
  const any = index('any', size)
  return async () => Array.from({ length: width }, () => numbered(any, next++))
}

/** Another one of the kind. To hash hundreds of thousands of names takes seconds. */
function numbered(desc: Descriptor, n: number): Descriptor {
  return { ...desc, digest: `sha256:${n.toString(16).padStart(64, '0')}` as Digest }
}

const root = index('root')

describe.each([
  ['walk', (handler: Handler) => walk(handler, [root])],
  ['concurrent walk', (handler: Handler) => walk(handler, [root], { concurrency: 8 })],
])('R15: %s', (_, run) => {
  it('walks eight levels, and no deeper', async () => {
    await expect(run(chain(8))).resolves.toBeUndefined()
    await expect(run(chain(9))).rejects.toMatchObject(fatal('deeper than 8'))
  })

  it('ends in a circle', async () => {
    let calls = 0
    const circle = async () => {
      calls++
      return [root, index('other')]
    }
    await run(circle)
    expect(calls).toBe(2)
  })

  it('visits 100,000 descriptors, and no more', async () => {
    const any = layer('any')
    const layers = Array.from({ length: 100_000 }, (_, i) => numbered(any, i))
    const wide = (count: number) => async (desc: Descriptor) => (desc === root ? layers.slice(0, count) : [])
    await expect(run(wide(99_999))).resolves.toBeUndefined()
    await expect(run(wide(100_000))).rejects.toMatchObject(fatal('more than 100000 descriptors'))
  }, 30_000)

  it('ends if indexes always name more indexes', async () => {
    await expect(run(endless(1000, 5))).rejects.toMatchObject(fatal(''))
  }, 30_000)

  it('visits 64 MiB of manifests, and no more', async () => {
    let calls = 0
    const handler = endless(3, maxManifestSize)
    const counting: Handler = (desc, context) => {
      calls++
      return handler(desc, context)
    }
    await expect(run(counting)).rejects.toMatchObject(fatal('bytes of manifests'))
    expect(calls).toBeLessThan(10)
  })

  it('counts no layers as manifests', async () => {
    const large = async (desc: Descriptor) => (desc === root ? [layer('large', 2 ** 40)] : [])
    await expect(run(large)).resolves.toBeUndefined()
  })

  it('uses little memory for descriptors with large annotations', async () => {
    // Nearly all bytes of each index are annotations.
    const size = 4_000_000
    let handed = 0
    let number = 0
    const heavy = async (): Promise<Descriptor[]> => {
      handed += size
      return Array.from({ length: 10 }, () => ({
        ...index(`heavy ${number++}`, size),
        annotations: { a: Buffer.alloc(size / 10, `${number}`).toString('latin1') },
      }))
    }
    await expect(run(heavy)).rejects.toMatchObject(fatal(''))
    expect(handed).toBeLessThan(100_000_000)
  })
})

describe('childrenHandler', () => {
  it('R14: stops reading a manifest at the limit', async () => {
    let sent = 0
    const endlessBody = async function* () {
      for (;;) {
        sent += 65_536
        yield new Uint8Array(65_536)
      }
    }
    const handler = childrenHandler({ open: async () => endlessBody() })
    const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf('x'), size: 5 }
    await expect(handler(desc, {})).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    expect(sent).toBeLessThanOrEqual(maxManifestSize + 65_536)
  })
})
