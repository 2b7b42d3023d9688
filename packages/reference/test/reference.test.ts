import { digestOf } from '@dist/oci'
import { familiarReference, formatReference, objectOf, parseReference, publishedNames } from '@dist/reference'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const digest = digestOf('x')
const sha512 = digestOf('x', 'sha512')
const hex = digest.slice(7)

describe('parseReference', () => {
  it.each([
    // No host: Docker Hub.
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['user/app', 'docker.io/user/app:latest'],
    ['a/b/c:1', 'docker.io/a/b/c:1'],
    ['library/alpine', 'docker.io/library/alpine:latest'],
    ['lower:Upper', 'docker.io/library/lower:Upper'],
    // Without any slash there is no host, whatever it looks like.
    ['example.com', 'docker.io/library/example.com:latest'],
    ['example.com:5000', 'docker.io/library/example.com:5000'],
    ['localhost', 'docker.io/library/localhost:latest'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['192.168.1.1:tag', 'docker.io/library/192.168.1.1:tag'],
    // A host by its dot, its colon, its name or an uppercase letter.
    ['example.com/app', 'example.com/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['registry:5000/app:5050', 'registry:5000/app:5050'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/a/b', 'localhost:5000/a/b:latest'],
    ['registry/app', 'docker.io/registry/app:latest'],
    ['Registry/app', 'Registry/app:latest'],
    ['192.168.1.1:5000/app', '192.168.1.1:5000/app:latest'],
    ['[2001:db8::1]/app', '[2001:db8::1]/app:latest'],
    ['[2001:DB8::1]:5000/app:1', '[2001:db8::1]:5000/app:1'],
    ['xn--n3h.com/app:xn--n3h.com', 'xn--n3h.com/app:xn--n3h.com'],
    ['Example.COM/app', 'example.com/app:latest'],
    // Docker Hub's names.
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['index.docker.io/alpine:1', 'docker.io/library/alpine:1'],
    ['registry-1.docker.io/user/app', 'docker.io/user/app:latest'],
    ['Docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['quay.io/alpine', 'quay.io/alpine:latest'],
    // Separators within a part: one dot, one or two underscores, any run of dashes.
    ['a.b/c', 'a.b/c:latest'],
    ['a_b/c__d/e---f.g', 'docker.io/a_b/c__d/e---f.g:latest'],
    // Digests.
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`],
    [`quay.io/a/b:1@${digest}`, `quay.io/a/b:1@${digest}`],
    [`quay.io/a/b@${sha512}`, `quay.io/a/b@${sha512}`],
    // The digits of a digest are a valid name as a part of a path.
    [`quay.io/${hex}`, `quay.io/${hex}:latest`],
    [`user/${hex}`, `docker.io/user/${hex}:latest`],
    [hex.slice(1), `docker.io/library/${hex.slice(1)}:latest`],
  ])('reads %s as %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full)
    expect(parseReference(full)).toEqual(parseReference(text))
  })

  it('keeps tag and digest, and means the digest', () => {
    const both = parseReference(`alpine:3.20@${digest}`)
    expect(both).toEqual({ host: 'docker.io', repository: 'library/alpine', tag: '3.20', digest })
    expect(objectOf(both)).toBe(digest)
    expect(objectOf(parseReference('alpine:3.20'))).toBe('3.20')
  })

  it('adds no tag where there is a digest', () => {
    expect(parseReference(`alpine@${digest}`)).not.toHaveProperty('tag')
  })

  it('takes a tag of 128 characters', () => {
    const tag = `_${'a.-Z'.repeat(31)}999`
    expect(tag).toHaveLength(128)
    expect(parseReference(`alpine:${tag}`).tag).toBe(tag)
  })

  it('takes a repository of 255 bytes, host and tag not counted', () => {
    const repository = `${'a/'.repeat(127)}a`
    expect(parseReference(`registry.example.com:5000/${repository}:latest`).repository).toBe(repository)
    expect(parseReference(`${'a'.repeat(247)}`).repository).toHaveLength(255)
  })
})

const part = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/)
const host = fc.oneof(
  fc.constantFrom(
    'docker.io',
    'localhost',
    'localhost:5000',
    'Foo',
    'FOO:80',
    'quay.io',
    '[::1]:5000',
    '10.0.0.1',
  ),
  fc.stringMatching(/^[a-z]{1,5}(-[a-z]{1,3})?\.[a-z]{2,4}(:[1-9][0-9]{0,3})?$/),
)
const references = fc.record({
  host,
  path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/)),
  digest: fc.option(fc.constantFrom(digest, sha512)),
})
const written = references.map(
  ({ host: h, path, tag, digest: d }) =>
    `${h}/${path}${tag === null ? '' : `:${tag}`}${d === null ? '' : `@${d}`}`,
)

describe('writing a reference', () => {
  it('in full is read back as the same one', () => {
    fc.assert(
      fc.property(written, (text) => {
        const ref = parseReference(text)
        expect(parseReference(formatReference(ref))).toEqual(ref)
      }),
      { numRuns: 500 },
    )
  })

  it('in short is read back as the same one', () => {
    fc.assert(
      fc.property(written, (text) => {
        const ref = parseReference(text)
        expect(parseReference(familiarReference(ref))).toEqual(ref)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['docker.io/user/app', 'user/app:latest'],
    ['docker.io/library/a/b:1', 'library/a/b:1'],
    ['docker.io/library', 'library:latest'],
    ['docker.io/localhost/app:1', 'docker.io/localhost/app:1'],
    ['docker.io/example.com/app:1', 'docker.io/example.com/app:1'],
    ['quay.io/library/app:1', 'quay.io/library/app:1'],
    [`alpine:1@${digest}`, `alpine:1@${digest}`],
  ])('in short makes %s %s', (text, short) => {
    expect(familiarReference(parseReference(text))).toBe(short)
  })
})

describe('publishedNames', () => {
  it.each([
    ['alpine:3', ['docker.io/library/alpine:3']],
    [`alpine@${digest}`, [`docker.io/library/alpine@${digest}`]],
    [`alpine:3@${digest}`, ['docker.io/library/alpine:3', `docker.io/library/alpine@${digest}`]],
  ])('of %s are %j', (text, names) => {
    expect(publishedNames(parseReference(text))).toEqual(names)
  })

  it('are references themselves, of the same repository', () => {
    fc.assert(
      fc.property(written, (text) => {
        const ref = parseReference(text)
        for (const name of publishedNames(ref))
          expect(parseReference(name)).toMatchObject({ host: ref.host, repository: ref.repository })
      }),
    )
  })
})
