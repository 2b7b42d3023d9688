import { parseReference } from '@dist/reference'
import { expect, it } from 'vitest'
import { checkDestinations } from '../src/images/destinations.js'
import { mirror } from '../src/mirror/mirror.js'
import { captured } from './support/context.js'

const check = (to: string, ...texts: string[]) => checkDestinations(texts.map(parseReference), to)

it('images with distinct destinations are accepted', () => {
  expect(() => check('registry.test/mirror', 'alpine:3.20', 'quay.io/team/app', 'alpine:3.19')).not.toThrow()
})

it('two references with the same destination are refused, and the error names both', () => {
  expect(() => check('registry.test/mirror', 'quay.io/library/alpine:3.20', 'alpine:3.20')).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /quay.io\/library\/alpine:3.20 and docker.io\/library\/alpine:3.20 would both get the name registry.test\/mirror\/library\/alpine:3.20/,
      ),
    }),
  )
})

it('a tag with a digest has the same destination as the tag alone', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(() => check('registry.test', `quay.io/a/b:1@${digest}`, 'ghcr.io/a/b:1')).toThrow(
    'would both get the name',
  )
  expect(() => check('registry.test', `quay.io/a/b:1@${digest}`, 'quay.io/a/b:1')).not.toThrow()
})

it('a reference with too long a destination name is refused', () => {
  expect(() => check(`registry.test/${'x'.repeat(200)}`, `quay.io/${'y'.repeat(100)}`)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})

it.each([
  ['an invalid prefix', { to: 'mirror' }],
  ['a store in addition', { to: 'registry.test', store: '/tmp/nowhere' }],
])('%s is a usage error before any work', async (_, options) => {
  const { context } = captured()
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
  await expect(mirror(context, ['alpine'], options)).rejects.toEqual(refused)
  await expect(mirror(context, ['alpine'], { ...options, queue: 'redis://127.0.0.1:1' })).rejects.toEqual(
    refused,
  )
})
