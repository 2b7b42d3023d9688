import { expect, it } from 'vitest'
import { clientAddress, isEncrypted, isForwarded, networkOf, trustProxies } from '../src/address/client.js'
import { placeOf } from '../src/address/place.js'

const isProxy = trustProxies(['10.0.0.0/8', 'fd00::/8'])

it.each([
  ['127.0.0.1', undefined, '127.0.0.1'],
  ['192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['10.0.0.1', '127.0.0.1, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
  ['10.0.0.1', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
  ['10.0.0.1', '198.51.100.1, nonsense', '10.0.0.1'],
  ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['::ffff:10.0.0.1', '[2001:db8::1]:80', '2001:db8::1'],
  ['fd00::5', '2001:db8:0::1', '2001:db8::1'],
  [undefined, '198.51.100.1', 'unknown'],
])(
  'the client of the connection from %s with X-Forwarded-For "%s" is %s',
  (remoteAddress, header, client) => {
    const headers = header === undefined ? {} : { 'x-forwarded-for': header }
    expect(clientAddress({ remoteAddress, headers }, isProxy)).toBe(client)
  },
)

it('limits count an IPv6 client by its network of 64 bits', () => {
  expect(networkOf('2001:db8:1:2:3::4')).toBe(networkOf('2001:db8:1:2::ffff'))
  expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'))
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
})

it.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'])(
  'a request with %s came through a proxy',
  (name) => {
    expect(isForwarded({ host: 'a', [name]: 'x' })).toBe(true)
    expect(isForwarded({ host: 'a' })).toBe(false)
  },
)

it.each([
  [true, '192.0.2.1', undefined, true],
  [false, '192.0.2.1', 'https', false],
  [false, '10.0.0.1', 'https', true],
  [false, '10.0.0.1', 'https, http', false],
  [false, '10.0.0.1', undefined, false],
])(
  'encrypted %s from %s with X-Forwarded-Proto %s is https: %s',
  (encrypted, remoteAddress, proto, expected) => {
    const headers = proto === undefined ? {} : { 'x-forwarded-proto': proto }
    expect(isEncrypted({ encrypted, remoteAddress, headers }, isProxy)).toBe(expected)
  },
)

const request = (headers = {}, encrypted = false) => ({
  headers: { host: 'mirror.example:5000', ...headers },
  remoteAddress: '127.0.0.1',
  encrypted,
})

it('the place of the server is --public-url, else what the request says', () => {
  expect(placeOf(request(), { isProxy })).toBe('http://mirror.example:5000')
  expect(placeOf(request({}, true), { isProxy })).toBe('https://mirror.example:5000')
  expect(placeOf(request(), { isProxy, publicUrl: 'https://m.example' })).toBe('https://m.example')
})

it.each(['', 'a"b', 'a b', 'user@host', 'a/b', 'host:port'])(
  '"%s" in the header Host is no place',
  (host) => {
    expect(placeOf(request({ host }), { isProxy })).toBeUndefined()
  },
)
