import { describe, expect, it } from 'vitest'
import { pathName, repositoryNamed } from '../src/repository.js'

const host = 'mirror.example.com'

describe('the repository that a name means', () => {
  it.each([
    ['library/alpine', { ns: 'docker.io' }, 'docker.io/library/alpine'],
    ['alpine', { ns: 'registry-1.docker.io' }, 'docker.io/library/alpine'],
    ['team/app', { ns: '10.0.0.7:5000' }, '10.0.0.7:5000/team/app'],
    ['team/app', { ns: '[::1]:5000' }, '[::1]:5000/team/app'],
    ['docker.io/library/alpine', { ns: 'docker.io' }, 'docker.io/library/alpine'],
    ['quay.io/a/b', { ns: 'docker.io' }, 'docker.io/quay.io/a/b'],
    ['docker.io/library/alpine', { host, defaultRegistry: 'quay.io' }, 'docker.io/library/alpine'],
    ['docker.io/alpine', {}, 'docker.io/library/alpine'],
    ['10.0.0.7_5000/team/app', {}, '10.0.0.7:5000/team/app'],
    ['localhost/app', {}, 'localhost/app'],
    ['localhost_5000/app', {}, 'localhost:5000/app'],
    ['registry_5000/app', {}, 'registry:5000/app'],
  ])('%s with %j is %s', (name, context, repository) => {
    expect(repositoryNamed(name, context)).toBe(repository)
  })

  it('without a host is one at the default registry, or one of the own names of the server', () => {
    expect(repositoryNamed('app', { host: 'Mirror.example.com:5000' })).toBe('mirror.example.com:5000/app')
    expect(repositoryNamed('alpine', { host, defaultRegistry: 'docker.io' })).toBe('docker.io/library/alpine')
  })

  it.each([
    ['app', {}],
    ['app', { host: 'mirror' }],
    ['app', { host: 'a b' }],
  ])('is unknown for %s with %j', (name, context) => {
    expect(() => repositoryNamed(name, context)).toThrow(expect.objectContaining({ code: 'NAME_UNKNOWN' }))
  })

  it.each([
    '',
    'foo',
    'docker.io/library',
    '../x',
    'user@docker.io',
    'docker.io:0',
    'http://docker.io',
    'a..b',
    'x\0.io',
  ])('W3 is refused for the ns %j', (ns) => {
    expect(() => repositoryNamed('library/alpine', { ns })).toThrow(
      expect.objectContaining({ code: 'NAME_INVALID' }),
    )
  })

  it.each([
    'docker.io/../x',
    'docker.io/a//b',
    'docker.io/.a',
    '../docker.io/a',
    'a.b_70000/c',
    'docker.io/',
  ])('W3 is refused for the name %s', (name) => {
    expect(() => repositoryNamed(name, { host })).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }))
  })
})

describe('the name in a path', () => {
  it.each([
    ['docker.io/library/alpine', 'docker.io/library/alpine'],
    ['10.0.0.7:5000/team/app', '10.0.0.7_5000/team/app'],
    ['Registry/app', undefined],
    ['[::1]:5000/app', undefined],
  ])('of %s is %s', (repository, name) => {
    expect(pathName(repository)).toBe(name)
    if (name !== undefined) expect(repositoryNamed(name, {})).toBe(repository)
  })
})
