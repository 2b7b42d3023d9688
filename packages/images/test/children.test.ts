import { childrenHandler, walk } from '@dist/images'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { layer, storeWith } from './tree.js'

const { ociManifest, ociIndex, dockerManifest, dockerIndex, ociArtifactManifest } = mediaTypes
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 }
const child = { mediaType: ociManifest, digest: digestOf('child'), size: 5 }

async function childrenIn(document: unknown, mediaType: string, change: Partial<Descriptor> = {}) {
  const { store, descs } = await storeWith([{ mediaType, document }])
  return childrenHandler(store)({ ...(descs[0] as Descriptor), ...change }, {})
}

describe('childrenHandler', () => {
  it.each([
    ['an OCI image', ociManifest, { config, layers: [layer('a')] }, [config, layer('a')]],
    ['a Docker image', dockerManifest, { config, layers: [layer('a')] }, [config, layer('a')]],
    ['an OCI index', ociIndex, { manifests: [child] }, [child]],
    ['a Docker manifest list', dockerIndex, { manifests: [child] }, [child]],
    [
      'an index of indexes',
      ociIndex,
      { manifests: [{ ...child, mediaType: ociIndex }] },
      [{ ...child, mediaType: ociIndex }],
    ],
    ['an artifact manifest', ociArtifactManifest, { blobs: [layer('a')], subject: child }, [layer('a')]],
    ['an image with a subject', ociManifest, { config, layers: [], subject: child }, [config]],
  ])('returns the children of %s', async (_, mediaType, document, children) => {
    expect(await childrenIn({ schemaVersion: 2, mediaType, ...document }, mediaType)).toEqual(children)
  })

  it.each([mediaTypes.ociConfig, mediaTypes.ociLayerGzip, 'application/vnd.example.unknown', ''])(
    'does not even read content of type "%s": it has no children',
    async (mediaType) => {
      const handler = childrenHandler({ open: async () => expect.unreachable() })
      expect(await handler({ ...child, mediaType }, {})).toEqual([])
    },
  )

  it('R13: refuses schema 1 by name', async () => {
    const refused = childrenIn({ schemaVersion: 1, fsLayers: [] }, mediaTypes.dockerSchema1Signed)
    await expect(refused).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: expect.stringContaining('schema 1'),
    })
  })

  it('R13: names a contradictory manifest', async () => {
    const document = JSON.stringify({ config, layers: [], manifests: [] })
    const refused = childrenIn(document, ociManifest)
    await expect(refused).rejects.toMatchObject({
      code: 'MALFORMED',
      message: expect.stringContaining(digestOf(document)),
    })
  })

  it('fails for missing content', async () => {
    const { store } = await storeWith([])
    await expect(childrenHandler(store)(child, {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('R17: fails for content that does not have the size of its descriptor', async () => {
    const refused = childrenIn({ manifests: [] }, ociIndex, { size: 1 })
    await expect(refused).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })

  it('R10: fails for content that does not match its digest', async () => {
    const open = async () =>
      (async function* () {
        yield Buffer.from('other')
      })()
    await expect(childrenHandler({ open })(child, {})).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })

  it('walks an index down to the layers, each once', async () => {
    const image = (name: string) => ({
      mediaType: ociManifest,
      document: { config, layers: [layer('shared'), layer(name)] },
    })
    const images = await storeWith([image('a'), image('b')])
    const all = await storeWith([
      image('a'),
      image('b'),
      { mediaType: ociIndex, document: { manifests: images.descs } },
    ])
    const root = all.descs[2] as Descriptor
    const seen: Descriptor[] = []
    const children = childrenHandler(all.store)
    await walk(
      async (desc, context) => {
        seen.push(desc)
        return children(desc, context)
      },
      [root],
    )
    const [a, b] = images.descs
    expect(seen).toEqual([root, a, config, layer('shared'), layer('a'), b, layer('b')])
  })
})
