import { expect, test } from 'vitest'
import { isIn, isOutward, kindOfAddress, literalAddress, parseNet } from '../src/addresses.js'

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.1.2', 'loopback'],
  ['::1', 'loopback'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['fc00::1', 'private'],
  ['fd12:3456::1', 'private'],
  ['fec0::1', 'private'],
  ['8.8.8.8', 'public'],
  ['172.32.0.1', 'public'],
  ['100.128.0.1', 'public'],
  ['203.0.113.5', 'public'],
  ['2606:4700::1111', 'public'],
])('R35 %s is %s', (address, kind) => {
  expect(kindOfAddress(address)).toBe(kind)
})

test.each([
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::127.0.0.1', 'loopback'],
  ['64:ff9b::a00:1', 'private'],
  ['64:ff9b::8.8.8.8', 'public'],
  ['::10.0.0.1', 'private'],
  ['2002:a00:1::1', 'private'],
  ['0.0.0.0', 'loopback'],
  ['0.1.2.3', 'loopback'],
  ['::', 'loopback'],
  ['100.64.0.1', 'private'],
  ['100.127.255.255', 'private'],
])('R35 %s has the kind of the address that it reaches: %s', (address, kind) => {
  expect(kindOfAddress(address)).toBe(kind)
})

test.each([
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fd00:ec2::254',
  '100.100.100.200',
  '::ffff:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '64:ff9b::6464:64c8',
  '2002:a9fe:a9fe::1',
  'fd20:ce::254',
  '224.0.0.1',
  '255.255.255.255',
  'ff02::1',
])('R35 %s has no kind: no connection is allowed', (address) => {
  expect(kindOfAddress(address)).toBeUndefined()
})

test('public is more outward than private, private than loopback', () => {
  expect(isOutward('public', 'loopback')).toBe(true)
  expect(isOutward('private', 'private')).toBe(true)
  expect(isOutward('loopback', 'private')).toBe(false)
  expect(isOutward('private', 'public')).toBe(false)
})

test.each([
  ['https://127.0.0.1/', '127.0.0.1'],
  ['https://2130706433/', '127.0.0.1'],
  ['https://0x7f.1/', '127.0.0.1'],
  ['https://[::1]:8443/', '::1'],
  ['https://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe'],
  ['https://localhost/', '127.0.0.1'],
  ['https://api.localhost/', '127.0.0.1'],
  ['https://api.LOCALHOST./', '127.0.0.1'],
  ['https://localhost.example.com/', undefined],
  ['https://notlocalhost/', undefined],
  ['https://registry.example.com/', undefined],
])('the host of %s spells the address %s', (url, address) => {
  expect(literalAddress(new URL(url).hostname)).toBe(address)
})

test.each([
  ['10.0.0.0/8', ['10.255.0.1', '::ffff:10.1.1.1', '64:ff9b::10.1.1.1'], ['11.0.0.1', 'fd00::1']],
  ['10.1.2.3', ['10.1.2.3'], ['10.1.2.4']],
  ['fd00::/8', ['fd12::1'], ['fc00::1', '10.0.0.1']],
  ['fe80::1', ['fe80::1'], ['fe80::2']],
])('the net %s holds %j, not %j', (text, inside, outside) => {
  const net = parseNet(text)
  expect(net).toBeDefined()
  const nets = net === undefined ? [] : [net]
  expect(inside.filter((address) => !isIn(address, nets))).toEqual([])
  expect(outside.filter((address) => isIn(address, nets))).toEqual([])
})

test.each([
  '',
  '10.0.0.0/33',
  '10.0/8',
  'example.com',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '/8',
  'fd00::/129',
  '10',
])('"%s" is not a net', (text) => {
  expect(parseNet(text)).toBeUndefined()
})
