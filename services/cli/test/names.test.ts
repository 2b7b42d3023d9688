import { type Image, MemoryNames } from '@dist/content'
import { digestOf, mediaTypes } from '@dist/oci'
import { beforeEach, expect, it } from 'vitest'
import { findImage } from '../src/input/images.js'
import { shownName } from '../src/output/format.js'

const image = (name: string): Image => ({
  name,
  desc: { mediaType: mediaTypes.ociManifest, digest: digestOf(name), size: 1 },
  selection: 'all',
})
const byDigest = `docker.io/library/alpine@${digestOf('root')}`
let names: MemoryNames

beforeEach(async () => {
  names = new MemoryNames()
  for (const name of [
    'docker.io/library/alpine:latest',
    'docker.io/library/alpine:3.20',
    byDigest,
    'v1',
    'A b',
  ])
    await names.put(image(name))
})

it.each([
  ['alpine', 'docker.io/library/alpine:latest'],
  ['library/alpine:3.20', 'docker.io/library/alpine:3.20'],
  ['index.docker.io/library/alpine:3.20', 'docker.io/library/alpine:3.20'],
  [`alpine:3.20@${digestOf('root')}`, byDigest],
  ['v1', 'v1'],
  ['A b', 'A b'],
])('%s is %s', async (text, name) => {
  expect((await findImage(text, names)).name).toBe(name)
})

it('an exact name has priority over a reference', async () => {
  await names.put(image('docker.io/library/v1:latest'))
  expect((await findImage('v1', names)).name).toBe('v1')
})

it('a missing image is reported with its full name, and an invalid reference is a usage error', async () => {
  await expect(findImage('busybox', names)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('docker.io/library/busybox:latest'),
  })
  await expect(findImage('No Such', names)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('control characters in names are escaped', () => {
  expect(shownName('a\x1b[2Jb')).not.toContain('\x1b')
})
