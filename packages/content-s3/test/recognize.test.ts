import { createHash } from 'node:crypto'
import { askedTime, formatImage, type Image } from '@dist/content'
import { digestOf } from '@dist/oci'
import { expect, it } from 'vitest'
import { recognize } from '../src/names/document.js'

const now = Date.UTC(2026, 10, 29, 13, 47)
const hour = 3_600_000
const image: Image = {
  name: 'registry.test/app:1',
  desc: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(Buffer.from('a')),
    size: 500,
  },
  selection: 'all',
}
const none = (askedAt: number): Image => ({
  ...image,
  referrers: { types: 'all', askedAt, manifests: [], tags: [] },
})
const seen = (of: Image) => {
  const document = formatImage(of)
  return { size: document.byteLength, etag: createHash('md5').update(document).digest('hex') }
}

it.each([
  ['without a record of referrers', image],
  ['that has been asked a moment ago', none(askedTime(now))],
  ['that was asked yesterday', none(askedTime(now - 30 * hour))],
])('a document %s is recognized', (_, document) => {
  expect(recognize(seen(document), image, now)).toEqual(document)
})

it.each([
  ['of last week', seen(none(askedTime(now - 7 * 24 * hour)))],
  [
    'with a referrer',
    seen({ ...image, referrers: { types: 'all', askedAt: 0, manifests: [], tags: ['x'] } }),
  ],
  ['of another digest', seen({ ...image, desc: { ...image.desc, digest: digestOf(Buffer.from('b')) } })],
  ['with an ETag that is no MD5', { ...seen(image), etag: 'x-1' }],
  ['without an ETag', { ...seen(image), etag: undefined }],
])('a document %s is read', (_, document) => {
  expect(recognize(document, image, now)).toBeUndefined()
})
