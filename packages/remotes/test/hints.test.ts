import { digestOf, mediaTypes } from '@dist/oci'
import { likelyTypes, parseHint } from '@dist/remotes'
import { describe, expect, it } from 'vitest'

const digest = digestOf('x')
const hints = (...texts: string[]) => texts.map(parseHint)

describe('parseHint', () => {
  it.each([
    ['type:manifest', { kind: 'type', value: 'manifest' }],
    ['type:blob', { kind: 'type', value: 'blob' }],
    [`mediatype:${mediaTypes.ociManifest}`, { kind: 'mediatype', value: mediaTypes.ociManifest }],
    ['mediatype:application/x!y#z$&^_.+-', { kind: 'mediatype', value: 'application/x!y#z$&^_.+-' }],
  ])('reads %s', (text, hint) => {
    expect(parseHint(text)).toEqual(hint)
  })

  it.each([
    '',
    'manifest',
    'type:',
    'type:index',
    'type:constructor',
    'mediatype:',
    'mediatype:json',
    'mediatype:a/b/c',
    'mediatype:a/b; charset=utf-8',
    'mediatype:a/b\r\nCookie: x',
    'Type:blob',
    ':blob',
    'size:12',
  ])('refuses %j', (text) => {
    expect(() => parseHint(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('likelyTypes', () => {
  it('orders manifest before blob for a digest without hints', () => {
    expect(likelyTypes(digest, [])).toEqual(['manifest', 'blob'])
  })

  it.each([
    ['type:blob', ['blob', 'manifest']],
    ['type:manifest', ['manifest', 'blob']],
    [`mediatype:${mediaTypes.ociLayerGzip}`, ['blob', 'manifest']],
    ['mediatype:application/vnd.example.unknown', ['blob', 'manifest']],
    [`mediatype:${mediaTypes.dockerIndex}`, ['manifest', 'blob']],
    [`mediatype:${mediaTypes.ociArtifactManifest}`, ['manifest', 'blob']],
    [`mediatype:${mediaTypes.dockerSchema1}`, ['manifest', 'blob']],
  ])('puts the type of the hint %s first, and keeps the other type', (hint, types) => {
    expect(likelyTypes(digest, hints(hint))).toEqual(types)
  })

  it('follows the first of several hints, and returns each type once', () => {
    const many = hints('type:blob', 'type:manifest', 'type:blob', `mediatype:${mediaTypes.ociIndex}`)
    expect(likelyTypes(digest, many)).toEqual(['blob', 'manifest'])
  })

  it('takes a tag for a manifest, whatever the hints', () => {
    expect(likelyTypes('3.20', hints('type:blob'))).toEqual(['manifest'])
  })
})
