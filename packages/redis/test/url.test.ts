import { expect, it } from 'vitest'
import { parseRedisUrl } from '../src/connect/url.js'

it.each([
  ['redis://cache', { host: 'cache', port: 6379, db: 0, tls: false }],
  ['redis://cache:7000/3', { host: 'cache', port: 7000, db: 3, tls: false }],
  ['rediss://cache.example/', { host: 'cache.example', port: 6379, db: 0, tls: true }],
  ['redis://:secret@127.0.0.1', { host: '127.0.0.1', port: 6379, db: 0, tls: false, password: 'secret' }],
  [
    'rediss://worker:p%40ss%2Fword@[::1]:6380',
    { host: '::1', port: 6380, db: 0, tls: true, username: 'worker', password: 'p@ss/word' },
  ],
])('reads %s', (url, address) => {
  expect(parseRedisUrl(url)).toEqual(address)
})

it.each([
  'http://cache:6379',
  'cache:6379',
  'redis://',
  'redis:cache',
  '',
  'redis://user:s3cret@cache/queue',
  'redis://user:s3cret@cache/0/1',
  'redis://user:s3cret@cache/0?family=6',
  'redis://user:s3cret@cache/#0',
  'redis://user:s3cret%@cache',
  'redis://user:s3cret@cache:99999',
  'http://user:s3cret@cache',
])('Q15 refuses %s without showing its password', (url) => {
  let error: unknown
  try {
    parseRedisUrl(url)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('Redis') })
  expect(String(error)).not.toContain('s3cret')
})
