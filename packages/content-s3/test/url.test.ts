import { describe, expect, it } from 'vitest'
import { parseS3Url } from '../src/url.js'

describe('parseS3Url', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', prefix: '', pathStyle: false }],
    ['s3://bucket/', { bucket: 'bucket', prefix: '', pathStyle: false }],
    ['s3://my.bucket-1/a/b/', { bucket: 'my.bucket-1', prefix: 'a/b', pathStyle: false }],
    [
      's3://bucket/a?region=eu-west-1',
      { bucket: 'bucket', prefix: 'a', region: 'eu-west-1', pathStyle: false },
    ],
    [
      's3://bucket/a?endpoint=http://127.0.0.1:8333',
      { bucket: 'bucket', prefix: 'a', endpoint: 'http://127.0.0.1:8333', pathStyle: true },
    ],
    [
      's3://bucket/a?endpoint=https%3A%2F%2Fs3.example.com%2F&region=x&path-style=false',
      { bucket: 'bucket', prefix: 'a', endpoint: 'https://s3.example.com', region: 'x', pathStyle: false },
    ],
    [
      's3://bucket/a?endpoint=https://host.example/storage/v1/s3/',
      { bucket: 'bucket', prefix: 'a', endpoint: 'https://host.example/storage/v1/s3', pathStyle: true },
    ],
    [
      's3://Team_Mirror.Old/a?endpoint=http://127.0.0.1:8333',
      { bucket: 'Team_Mirror.Old', prefix: 'a', endpoint: 'http://127.0.0.1:8333', pathStyle: true },
    ],
    ['s3://Old_Bucket?path-style=true', { bucket: 'Old_Bucket', prefix: '', pathStyle: true }],
    ['s3://bucket?path-style=true', { bucket: 'bucket', prefix: '', pathStyle: true }],
  ])('parses %s', (text, location) => {
    expect(parseS3Url(text)).toEqual(location)
  })

  it.each([
    ['', 's3://bucket/prefix'],
    ['bucket/prefix', 's3://bucket/prefix'],
    ['https://bucket/prefix', 's3://bucket/prefix'],
    ['s3:///prefix', 'bucket'],
    ['s3://ab', 'bucket'],
    ['s3://Bucket', 'path-style=true'],
    ['s3://my_bucket/a', 'path-style=true'],
    ['s3://Bucket/a?endpoint=https://s3.example.com&path-style=false', 'path-style=true'],
    ['s3://-Bucket?path-style=true', 'bucket'],
    [`s3://${'B'.repeat(256)}?path-style=true`, 'bucket'],
    ['s3://a..b', 'bucket'],
    ['s3://-bucket', 'bucket'],
    [`s3://${'b'.repeat(64)}`, 'bucket'],
    ['s3://bucket:9000/a', 'endpoint'],
    ['s3://bucket/a#b', 'fragment'],
    ['s3://bucket//a', 'prefix'],
    ['s3://bucket/a//b', 'prefix'],
    ['s3://bucket/a%2Fb', 'prefix'],
    ['s3://bucket/a b', 'prefix'],
    ['s3://bucket/...', 'prefix'],
    [`s3://bucket/${'a'.repeat(300)}`, 'prefix'],
    ['s3://bucket?endpoint=s3.example.com', 'endpoint'],
    ['s3://bucket?endpoint=ftp://s3.example.com', 'endpoint'],
    ['s3://bucket?endpoint=https://s3.example.com/path%3Fa=b%26c', 'endpoint'],
    ['s3://bucket?endpoint=https://s3.example.com&endpoint=https://b', 'twice'],
    ['s3://bucket?region=EU%20west', 'region'],
    ['s3://bucket?path-style=yes', 'path-style'],
    ['s3://bucket?pathstyle=true', 'unknown parameter pathstyle'],
  ])('refuses %s', (text, message) => {
    expect(() => parseS3Url(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => parseS3Url(text)).toThrow(message)
  })

  it.each([
    's3://key:secret@bucket/a',
    's3://secret@bucket/a',
    's3://bucket/a?endpoint=https://key:secret@s3.example.com',
    's3://bucket/a?endpoint=https://s3.example.com/?token=secret',
    's3://key:secret@bad bucket',
  ])('refuses the credentials in %s without repeating them', (text) => {
    expect(() => parseS3Url(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => parseS3Url(text)).not.toThrow('secret')
  })

  it('resolves dots within the prefix', () => {
    expect(parseS3Url('s3://bucket/a/../b').prefix).toBe('b')
    expect(parseS3Url('s3://bucket/../../b').prefix).toBe('b')
  })
})
