import { formatPrefix, parseLocator, parsePrefix } from '@dist/reference'
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

describe('parsePrefix', () => {
  it.each([
    ['registry.example.com', 'registry.example.com', ''],
    ['registry.example.com/mirror', 'registry.example.com', 'mirror'],
    ['localhost:5000/a/b', 'localhost:5000', 'a/b'],
    ['Registry.Example.Com:443', 'registry.example.com:443', ''],
    ['docker.io/team', 'docker.io', 'team'],
    ['[::1]:5000', '[::1]:5000', ''],
  ])('reads %s, and writes it again', (text, host, repository) => {
    expect(parsePrefix(text)).toEqual({ host, repository })
    expect(parsePrefix(formatPrefix({ host, repository }))).toEqual({ host, repository })
  })

  it.each([
    ['nothing', ''],
    ['a path without host', 'mirror/team'],
    ['a tag', 'registry.example.com/mirror:1'],
    ['a digest', `registry.example.com/mirror@sha256:${'a'.repeat(64)}`],
    ['a scheme', 'https://registry.example.com/mirror'],
    ['a slash at its end', 'registry.example.com/'],
    ['credentials', 'me:secret@registry.example.com/mirror'],
    ['a way out', 'registry.example.com/../x'],
    ['a port that is none', 'registry.example.com:99999'],
    ['a line break', 'registry.example.com\n'],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('never repeats a password', () => {
    for (const text of [
      'me:secret@registry.test/mirror',
      'me:se/secret@registry.test',
      'https://me:secret@registry.test',
    ])
      expect(() => parsePrefix(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('secret') }),
      )
  })
})
