import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { parsePath, splitTarget } from '../src/path.js'

const digest = digestOf('hello')
const long = digestOf('hello', 'sha512')

describe('the path of a request', () => {
  it.each([
    ['/v2/', { kind: 'base' }],
    ['/v2', { kind: 'base' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/a/b/tags/list', { kind: 'tags', name: 'a/b' }],
    ['/v2/tags/list/tags/list', { kind: 'tags', name: 'tags/list' }],
    ['/v2/manifests/manifests/blobs', { kind: 'manifest', name: 'manifests', reference: { tag: 'blobs' } }],
    ['/v2/a/manifests/3.20', { kind: 'manifest', name: 'a', reference: { tag: '3.20' } }],
    [`/v2/a/manifests/${digest}`, { kind: 'manifest', name: 'a', reference: { digest } }],
    [`/v2/a/manifests/${digest.replace(':', '%3A')}`, { kind: 'manifest', name: 'a', reference: { digest } }],
    [`/v2/h.io_5000/a/blobs/${long}`, { kind: 'blob', name: 'h.io_5000/a', digest: long }],
    [`/v2/a/referrers/${digest}`, { kind: 'referrers', name: 'a', digest }],
  ])('%s is %j', (path, route) => {
    expect(parsePath(path)).toEqual(route)
  })

  it.each([
    ['/', 'NOT_FOUND'],
    ['/v2/a', 'NOT_FOUND'],
    ['/v1/a/tags/list', 'NOT_FOUND'],
    ['/v2/a/tags/list/', 'NOT_FOUND'],
    ['/v2//tags/list', 'NAME_INVALID'],
    ['/v2/A/tags/list', 'NAME_INVALID'],
    ['/v2/a%2Fb/tags/list', 'NAME_INVALID'],
    ['/v2/%2e%2e%2fb/manifests/1', 'NAME_INVALID'],
    [`/v2/${'a'.repeat(8192)}/tags/list`, 'NAME_INVALID'],
    ['/v2/a/manifests/..%2f..%2fb', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/%00', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/%', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/sha256:abc', 'DIGEST_INVALID'],
    ['/v2/a/blobs/sha1:abc', 'DIGEST_INVALID'],
    [`/v2/a/blobs/${digest.toUpperCase()}`, 'DIGEST_INVALID'],
    [`/v2/a/referrers/${digest}%2f`, 'DIGEST_INVALID'],
  ])('W3 %s is refused: %s', (path, code) => {
    expect(() => parsePath(path)).toThrow(expect.objectContaining({ code }))
  })
})

describe('the target of a request', () => {
  it.each([
    ['/v2/', '/v2/', ''],
    ['/v2/?ns=a?b', '/v2/', 'ns=a?b'],
    ['http://h:5000/v2/?n=1', '/v2/', 'n=1'],
    ['HTTPS://h/v2/', '/v2/', ''],
    ['h:443', 'h:443', ''],
  ])('%s is split', (url, path, query) => {
    expect(splitTarget(url)).toEqual({ path, query })
  })
})
