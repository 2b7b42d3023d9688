import { digestOf } from '@dist/oci'
import { cosignSubject, cosignTagsOf, isDigestTag } from '@dist/reference'
import { expect, it } from 'vitest'

const digest = digestOf('x')
const tag = digest.replace(':', '-')

it('the tags of cosign for a digest name it, and are read back', () => {
  const tags = cosignTagsOf(digest)
  expect(tags).toEqual([`${tag}.sig`, `${tag}.att`, `${tag}.sbom`])
  expect(tags.map(cosignSubject)).toEqual([digest, digest, digest])
  expect(cosignTagsOf(digest, ['att'])).toEqual([`${tag}.att`])
})

it('there are none for sha512: they would be longer than a tag', () => {
  expect(cosignTagsOf(digestOf('x', 'sha512'))).toEqual([])
})

it.each([
  'latest',
  tag,
  `${tag}.sigs`,
  `${tag}.sig.sig`,
  `${tag.toUpperCase()}.sig`,
  `x${tag}.sig`,
  `${tag.slice(0, -1)}.sig`,
])('%s is not a tag of cosign', (other) => {
  expect(cosignSubject(other)).toBeUndefined()
})

it('lists of referrers and tags of cosign are named after digests', () => {
  for (const each of [tag, `${tag}.sig`, digestOf('x', 'sha512').replace(':', '-').slice(0, 71)])
    expect(isDigestTag(each)).toBe(true)
  for (const each of ['1', 'sha256', 'sha256-abc', `v-${tag}`]) expect(isDigestTag(each)).toBe(false)
})
