import {
  childrenOf,
  detectMediaType,
  digestOf,
  essence,
  hasChildren,
  isForeignLayerType,
  maxChildren,
  maxManifestSize,
  mediaTypes,
  parseManifest,
} from '@dist/oci'
import { describe, expect, it } from 'vitest'

const { ociManifest, ociIndex, dockerManifest, dockerIndex, ociArtifactManifest } = mediaTypes
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 }
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('layer'), size: 5 }
const child = { mediaType: ociManifest, digest: digestOf('child'), size: 5 }
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] }
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [child] }

const bytes = (document: unknown) =>
  Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
const parse = (document: unknown, mediaType: string = ociManifest) =>
  parseManifest(bytes(document), mediaType)
const children = (document: unknown, mediaType?: string) => childrenOf(parse(document, mediaType))

describe('parseManifest', () => {
  it.each([
    [ociManifest, mediaTypes.ociConfig],
    [dockerManifest, mediaTypes.dockerConfig],
  ])('reads an image of type %s: its config first, then its layers in order', (mediaType, configType) => {
    const ours = { ...config, mediaType: configType }
    const second = { ...layer, digest: digestOf('second') }
    const document = { schemaVersion: 2, mediaType, config: ours, layers: [layer, second] }
    expect(parse(document, mediaType)).toMatchObject({ kind: 'manifest', mediaType })
    expect(children(document, mediaType)).toEqual([ours, layer, second])
  })

  it.each([ociIndex, dockerIndex])('reads an index of type %s', (mediaType) => {
    expect(parse({ schemaVersion: 2, mediaType, manifests: [child] }, mediaType)).toMatchObject({
      kind: 'index',
    })
    expect(children({ manifests: [child] }, mediaType)).toEqual([child])
  })

  it('reads an artifact manifest, with blobs or without', () => {
    const document = { mediaType: ociArtifactManifest, artifactType: 'application/x', blobs: [layer] }
    expect(parse(document, ociArtifactManifest)).toMatchObject({ artifactType: 'application/x' })
    expect(children(document, ociArtifactManifest)).toEqual([layer])
    expect(children({ mediaType: ociArtifactManifest }, ociArtifactManifest)).toEqual([])
  })

  it('R13: takes a Content-Type with parameters', () => {
    expect(parse(image, `${ociManifest}; charset=utf-8`).mediaType).toBe(ociManifest)
    expect(essence(' Application/JSON ; charset=utf-8')).toBe('application/json')
  })

  it('takes a document that does not say its own type', () => {
    for (const mediaType of [undefined, null, ''])
      expect(children({ ...image, mediaType })).toEqual([config, layer])
  })

  it('takes unknown config and layer types for opaque blobs', () => {
    const odd = { ...layer, mediaType: 'application/vnd.example.model.v9' }
    expect(children({ ...image, config: { ...config, mediaType: 'text/plain' }, layers: [odd] })[1]).toEqual(
      odd,
    )
  })

  it('takes children of an index without platform, of any type, and nested indexes', () => {
    const manifests = [child, { ...child, mediaType: ociIndex }, { ...child, mediaType: 'text/plain' }]
    expect(children({ ...index, manifests }, ociIndex)).toEqual(manifests)
  })

  it.each([
    ['an empty list of layers', { ...image, layers: [] }],
    ['layers that are null', { ...image, layers: null }],
  ])('takes %s', (_, document) => {
    expect(children(document)).toEqual([config])
  })

  it('takes manifests that are null or none', () => {
    expect(children({ manifests: null }, ociIndex)).toEqual([])
    expect(children({ manifests: [] }, ociIndex)).toEqual([])
  })

  it('takes zero-byte blobs and sha512 digests', () => {
    const empty = { ...layer, digest: digestOf('', 'sha512'), size: 0 }
    expect(children({ ...image, layers: [empty] })[1]).toEqual(empty)
  })

  it('keeps a subject apart from the children', () => {
    const manifest = parse({ ...image, subject: child, annotations: { a: 'b', n: 1 } })
    expect(manifest).toMatchObject({ subject: child, annotations: { a: 'b' } })
    expect(childrenOf(manifest)).not.toContainEqual(child)
  })

  it('R16: returns the same layer twice: the caller decides', () => {
    expect(children({ ...image, layers: [layer, layer] })).toEqual([config, layer, layer])
  })

  it('R14: reads a manifest of 3.9 MB', () => {
    const document = { ...image, annotations: { padding: 'x'.repeat(3_900_000) } }
    expect(children(document)).toEqual([config, layer])
  })
})

const withCode = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

it.each([
  ` ${ociManifest}`,
  `${ociManifest};charset=utf-8`,
  'Application/Vnd.OCI.image.manifest.v1+JSON',
  '  ',
])('a manifest may spell its own media type "%s"', (mediaType) => {
  expect(children({ ...image, mediaType })).toEqual([config, layer])
  expect(detectMediaType(bytes({ ...image, mediaType }))).toBe(ociManifest)
})

it('children whose platform is none, and whose media types are spelled oddly, leave the others as they are', () => {
  const platform = { os: 'linux', architecture: 'amd64' }
  const odd = { ...child, mediaType: ` ${ociManifest.toUpperCase()}`, platform: {} }
  const manifests = [odd, { ...child, platform: { os: 'linux' } }, { ...child, platform }]
  expect(children({ ...index, manifests }, ociIndex)).toEqual([child, child, { ...child, platform }])
})

describe('parseManifest refuses', () => {
  it.each([
    ['a document with both layers and manifests', { ...image, manifests: [child] }, ociManifest],
    ['an index with layers', { ...index, layers: [layer] }, ociIndex],
    ['an index with a config', { ...index, config }, ociIndex],
    ['an index with layers that are no list', { ...index, layers: {} }, ociIndex],
    ['an image with manifests that are no list', { ...image, manifests: {} }, ociManifest],
    ['an image with the media type of an index', { ...image, mediaType: ociIndex }, ociManifest],
    ['an OCI image given as one of Docker', image, dockerManifest],
    ['an index given as an image', { ...index, mediaType: undefined }, ociManifest],
    ['an image given as an index', { ...image, mediaType: undefined }, ociIndex],
    ['an image without config', { ...image, config: null }, ociManifest],
    ['layers that are no list', { ...image, layers: 'x' }, ociManifest],
    ['manifests that are no list', { manifests: 1 }, ociIndex],
    ['blobs that are no list', { blobs: {} }, ociArtifactManifest],
    ['a layer that is no descriptor', { ...image, layers: [null] }, ociManifest],
    ['a subject that is no descriptor', { ...image, subject: 1 }, ociManifest],
    ['a media type that is no string', { ...image, mediaType: { toString: 1 } }, ociManifest],
  ])('R13: %s', (_, document, mediaType) => {
    expect(() => parse(document, mediaType)).toThrow(withCode('MALFORMED'))
  })

  it('R13: a media type nested deeper than the stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    expect(() => parse(`{"mediaType":${deep},"config":{},"layers":[]}`)).toThrow(withCode('MALFORMED'))
  })

  it.each([
    ['by its version', { schemaVersion: 1, name: 'x' }, ociManifest],
    ['by its layers', { fsLayers: [] }, dockerManifest],
    ['by its type', image, mediaTypes.dockerSchema1],
    ['by its signed type', image, mediaTypes.dockerSchema1Signed],
  ])('R13: schema 1, known %s', (_, document, mediaType) => {
    expect(() => parse(document, mediaType)).toThrow(withCode('NOT_IMPLEMENTED', 'schema 1'))
  })

  it('a media type that is not that of a manifest', () => {
    expect(() => parse(image, mediaTypes.ociLayer)).toThrow(withCode('NOT_IMPLEMENTED'))
  })

  it.each([
    ['nothing', ''],
    ['HTML', '<html>'],
    ['half a document', '{"schemaVersion":2,'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
  ])('content that is not a JSON object: %s', (_, text) => {
    expect(() => parse(text)).toThrow(withCode('MALFORMED'))
  })

  it('content that is not UTF-8', () => {
    const broken = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(() => parseManifest(broken, ociManifest)).toThrow(withCode('MALFORMED', 'is not JSON'))
  })

  it('R14: one byte over the cap', () => {
    const document = bytes(image)
    const padded = (size: number) => Buffer.concat([document, Buffer.alloc(size - document.byteLength, ' ')])
    expect(childrenOf(parseManifest(padded(maxManifestSize), ociManifest))).toHaveLength(2)
    expect(() => parseManifest(padded(maxManifestSize + 1), ociManifest)).toThrow(
      withCode('MALFORMED', 'bytes'),
    )
  })

  it('R15: one child over the cap', () => {
    const wide = (count: number) => ({ manifests: Array.from({ length: count }, () => child) })
    expect(children(wide(maxChildren), ociIndex)).toHaveLength(maxChildren)
    expect(() => parse(wide(maxChildren + 1), ociIndex)).toThrow(withCode('MALFORMED', '10001'))
  })

  it('R15: objects by the million, before they take memory', () => {
    expect(() => parse(`{"layers":[${'{},'.repeat(2_000_000)}{}]}`)).toThrow(withCode('MALFORMED', 'objects'))
  })

  it('names the path of the invalid member', () => {
    const document = { ...image, layers: [layer, { ...layer, size: -1 }] }
    const message = expect.stringContaining('sha256:x: layers[1].size is -1')
    expect(() => parseManifest(bytes(document), ociManifest, 'sha256:x')).toThrow(
      expect.objectContaining({ message }),
    )
  })
})

describe('detectMediaType', () => {
  it.each([
    ['what the document says', image, ociManifest],
    ['an index by its manifests', { manifests: [] }, ociIndex],
    ['an image by its layers', { layers: [] }, ociManifest],
    ['schema 1, whatever it says', { ...image, schemaVersion: 1 }, mediaTypes.dockerSchema1],
  ])('detects %s', (_, document, mediaType) => {
    expect(detectMediaType(bytes(document))).toBe(mediaType)
  })

  it('does not guess', () => {
    expect(() => detectMediaType(bytes({ config }))).toThrow(withCode('MALFORMED'))
  })
})

describe('media types', () => {
  it('hasChildren: manifests and indexes', () => {
    expect([ociIndex, ociManifest, dockerIndex, dockerManifest, ociArtifactManifest].every(hasChildren)).toBe(
      true,
    )
    expect([mediaTypes.ociConfig, mediaTypes.ociLayer, 'text/plain', ''].some(hasChildren)).toBe(false)
  })

  it('isForeignLayerType: foreign layers', () => {
    expect(isForeignLayerType(mediaTypes.dockerForeignLayerGzip)).toBe(true)
    expect(isForeignLayerType('application/vnd.oci.image.layer.nondistributable.v1.tar+zstd')).toBe(true)
    expect(isForeignLayerType(mediaTypes.ociLayerGzip)).toBe(false)
  })
})
