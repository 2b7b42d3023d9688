import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseHead } from '../../src/receive/head.js'

const head = (...lines: string[]) => parseHead(Buffer.from(lines.join('\r\n'), 'latin1'))

test('status, headers and framing of an answer', () => {
  const parsed = head('HTTP/1.1 206 Partial Content', 'Content-Length: 7', 'ETag:  "a" ', 'X-Empty:')
  expect(parsed?.status).toBe(206)
  expect({ ...parsed?.headers }).toEqual({ 'content-length': '7', etag: '"a"', 'x-empty': '' })
  expect(parsed?.framing.isOver).toBe(false)
})

test('a repeated header is a list, as undici gives it', () => {
  const parsed = head(
    'HTTP/1.1 401 ',
    'content-length: 0',
    'WWW-Authenticate: Basic',
    'www-authenticate: Bearer',
  )
  expect(parsed?.headers['www-authenticate']).toEqual(['Basic', 'Bearer'])
})

test.each([
  ['another version', ['HTTP/1.0 200 OK', 'content-length: 1']],
  ['an interim answer', ['HTTP/1.1 103 Early Hints', 'content-length: 1']],
  ['an answer without a body', ['HTTP/1.1 204 No Content', 'content-length: 0']],
  ['a body that ends with the connection', ['HTTP/1.1 200 OK']],
  ['a status that is none', ['HTTP/1.1 2000 OK', 'content-length: 1']],
  ['something else', ['SSH-2.0-OpenSSH_9.2']],
  ['a folded line', ['HTTP/1.1 200 OK', 'content-length: 1', 'a: b', ' c']],
  ['a space before the colon', ['HTTP/1.1 200 OK', 'content-length : 1']],
  ['a line feed in a value', ['HTTP/1.1 200 OK', 'content-length: 1', 'a: b\nc: d']],
  ['a line without a colon', ['HTTP/1.1 200 OK', 'content-length: 1', 'abc']],
  ['length and chunks', ['HTTP/1.1 200 OK', 'content-length: 1', 'transfer-encoding: chunked']],
  ['two lengths', ['HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 2']],
  ['the same length twice', ['HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 1']],
  ['a list of lengths', ['HTTP/1.1 200 OK', 'content-length: 1, 1']],
  ['a negative length', ['HTTP/1.1 200 OK', 'content-length: -1']],
  ['a length with a sign', ['HTTP/1.1 200 OK', 'content-length: +1']],
  ['a hexadecimal length', ['HTTP/1.1 200 OK', 'content-length: 0x10']],
  ['a length beyond all sizes', ['HTTP/1.1 200 OK', 'content-length: 9007199254740993']],
  ['another coding', ['HTTP/1.1 200 OK', 'transfer-encoding: gzip, chunked']],
  ['chunks twice', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', 'transfer-encoding: chunked']],
  ['another protocol', ['HTTP/1.1 200 OK', 'content-length: 1', 'upgrade: h2c']],
])('%s is left to undici', (_what, lines) => {
  expect(head(...lines)).toBeUndefined()
})

test.each([
  [[], 4000],
  [['connection: keep-alive'], 4000],
  [['connection: close'], undefined],
  [['connection: keep-alive, close'], undefined],
  [['keep-alive: timeout=3'], 2000],
  [['keep-alive: timeout=1'], undefined],
  [['keep-alive: max=5, timeout=100'], 4000],
])('a connection with %j is kept for %s ms', (lines, expected) => {
  expect(head('HTTP/1.1 200 OK', 'content-length: 1', ...lines)?.keepFor).toBe(expected)
})

test('whatever comes, parsing does not throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseHead(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), bytes]))
    }),
  )
})
