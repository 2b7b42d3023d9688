import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { digestOf, mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { expect, onTestFinished, test } from 'vitest'
import { client, manifestOf, putManifest, refTo, scripted } from './support.js'

const content = manifestOf()

/** A registry that sends a body to HEAD: with the headers, or when the next request comes. */
async function sendingBodies(when: 'at once' | 'late') {
  const requests: string[] = []
  let connections = 0
  const headers = `HTTP/1.1 200 OK\r\ncontent-type: ${mediaTypes.ociManifest}\r\ncontent-length: ${content.length}\r\ndocker-content-digest: ${digestOf(content)}\r\n\r\n`
  const server = createServer((socket: Socket) => {
    connections++
    let late = ''
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const [line = ''] = data.toString().split('\r\n')
      requests.push(line.replace(/ HTTP.*/, ''))
      const isHead = line.startsWith('HEAD')
      socket.write(`${late}${headers}${isHead && when === 'late' ? '' : content}`)
      late = isHead && when === 'late' ? content : ''
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { host, requests, connections: () => connections }
}

test('one connection serves many HEADs', async () => {
  const registry = await scripted()
  const desc = putManifest(registry)
  const registryClient = client({ connectionsPerHost: 1 })
  for (let i = 0; i < 5; i++)
    expect((await registryClient.resolve(refTo(registry, 'a/b:1'))).desc).toEqual(desc)
  expect(registry.requests.map(({ method }) => method)).toEqual(Array(5).fill('HEAD'))
  expect(registry.connections).toBe(1)
})

test.each(['at once', 'late'] as const)(
  'R12 a server that sends a body to HEAD, %s, is read from, and its connections are not used again',
  async (when) => {
    const server = await sendingBodies(when)
    const registryClient = client({ connectionsPerHost: 1 })
    const name = parseReference(`${server.host}/a/b:1`)
    for (let i = 0; i < 4; i++) {
      const intent = i % 2 === 0 ? 'compare' : 'manifest'
      const { desc } = await registryClient.resolve(name, { intent })
      expect(desc.digest).toBe(digestOf(content))
    }
    expect(server.requests.length).toBeLessThanOrEqual(6)
    const before = server.connections()
    for (let i = 0; i < 3; i++) await registryClient.resolve(name)
    if (when === 'late') expect(server.connections()).toBeGreaterThanOrEqual(before + 2)
  },
)
