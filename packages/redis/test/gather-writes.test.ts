import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { gatherWrites } from '../src/connect/gather-writes.js'

/** A client with a connection that records what each system call would send. */
function connectedClient() {
  const sent: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      sent.push(String(chunk))
      done()
    },
    writev: (chunks, done) => {
      sent.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  const redis = Object.assign(new EventEmitter(), { stream })
  gatherWrites(redis as unknown as Redis)
  redis.emit('connect')
  return { stream, sent }
}

test('the commands of one turn are sent together, in their order', async () => {
  const { stream, sent } = connectedClient()
  stream.write('a')
  await Promise.resolve()
  stream.write('b')
  process.nextTick(() => stream.write('c'))
  await turn()
  stream.write('d')
  await turn()
  expect(sent).toEqual(['abc', 'd'])
})

test('a connection that ends sends what was gathered', async () => {
  const { stream, sent } = connectedClient()
  stream.write('a')
  stream.write('b')
  stream.end()
  await turn()
  expect(sent).toEqual(['ab'])
})
