import { expect, it } from 'vitest'
import { formatListen, isLoopback, parseDuration, parseListen, parseSize } from '../src/units.js'

it.each([
  ['256MiB', 256 * 2 ** 20],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['10 MB', 10_000_000],
  ['1000', 1000],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

it.each(['', 'MiB', '-1', '1e9', '1mib', '1 2', '99999999GiB', '1constructor'])(
  '%j is not a size',
  (text) => {
    expect(parseSize(text)).toBeUndefined()
  },
)

it.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['0', 0],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

it.each(['', '30', 's', '30s!', '-1s'])('%j is not a duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

it.each([
  ['127.0.0.1:9464', '127.0.0.1:9464', true],
  ['localhost:0', 'localhost:0', true],
  ['9464', '127.0.0.1:9464', true],
  [':80', '0.0.0.0:80', false],
  ['[::1]:80', '[::1]:80', true],
  ['[::]:80', '[::]:80', false],
  ['128.0.0.1:80', '128.0.0.1:80', false],
  ['127.0.0.1.example.com:80', '127.0.0.1.example.com:80', false],
])('%s is the address %s', (text, shown, loopback) => {
  const listen = parseListen(text)
  if (listen === undefined) return expect.unreachable()
  expect(formatListen(listen)).toBe(shown)
  expect(isLoopback(listen)).toBe(loopback)
})

it.each(['', 'host', 'host:', 'host:65536', 'a b:1', 'http://x:1', '::1:80'])(
  '%j is not an address',
  (text) => {
    expect(parseListen(text)).toBeUndefined()
  },
)
