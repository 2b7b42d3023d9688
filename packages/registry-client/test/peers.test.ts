import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Peers } from '../src/http/peers.js'

test('of the kinds at which a host was reached the outermost counts', () => {
  const peers = new Peers()
  expect(peers.kindOf('a')).toBeUndefined()
  peers.record('a', 'private')
  peers.record('a', 'loopback')
  expect(peers.kindOf('a')).toBe('private')
  peers.record('a', 'public')
  expect(peers.kindOf('a')).toBe('public')
  expect(peers.kindOf('b')).toBeUndefined()
})

test('connections to more inward addresses are closed once a host was reached further out', () => {
  const peers = new Peers()
  const [inward, outward] = [new Socket(), new Socket()]
  peers.record('a', 'loopback', inward)
  peers.record('a', 'public', outward)
  expect([inward.destroyed, outward.destroyed]).toEqual([true, false])
  const late = new Socket()
  peers.record('a', 'private', late)
  expect(late.destroyed).toBe(true)
  outward.destroy()
})

test('a host is forgotten some minutes after its last connection has ended, not before', async () => {
  let now = 0
  const peers = new Peers(() => now)
  const socket = new Socket()
  peers.record('a', 'public', socket)
  now += 24 * 60 * 60_000
  expect(peers.kindOf('a')).toBe('public')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.destroy()
  await closed
  now += 9 * 60_000
  expect(peers.kindOf('a')).toBe('public')
  now += 2 * 60_000
  expect(peers.kindOf('a')).toBeUndefined()
})
