import { parseLocator } from '@dist/reference'
import { describe, expect, it } from 'vitest'

describe('parseLocator', () => {
  it.each([
    ['docker.io/library/alpine', 'docker.io', 'library/alpine'],
    ['alpine', 'docker.io', 'library/alpine'],
    ['localhost:5000/a/b', 'localhost:5000', 'a/b'],
    ['[::1]:5000/a', '[::1]:5000', 'a'],
    ['registry-1.docker.io/alpine', 'docker.io', 'library/alpine'],
  ])('reads %s', (text, host, repository) => {
    expect(parseLocator(text)).toEqual({ host, repository })
  })

  it.each([
    ['a tag', 'docker.io/library/alpine:3.20'],
    ['a tag without host', 'alpine:3.20'],
    ['a digest', `docker.io/library/alpine@sha256:${'a'.repeat(64)}`],
    ['a scheme', 'https://docker.io/library/alpine'],
    ['a host alone', 'docker.io/'],
    ['nothing', ''],
    ['a way out', 'docker.io/../../etc'],
    ['a line break', 'docker.io/a\n'],
  ])('refuses %s', (_, text) => {
    expect(() => parseLocator(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
