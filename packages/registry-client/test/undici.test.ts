import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import * as undici from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import errors from 'undici/lib/core/errors.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import { expect, onTestFinished, test } from 'vitest'

// `src/http/pools.ts` and `src/receive` import private files of undici, because all of undici costs 70 ms at start. These tests fail when
// another version changes what it relies on.
const require = createRequire(import.meta.url)

test('undici is pinned to an exact version, and that version is installed', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const pinned: string = manifest.dependencies.undici
  expect(pinned, 'a range would let npm install a version with other private files').toMatch(
    /^\d+\.\d+\.\d+$/,
  )
  expect(require('undici/package.json').version).toBe(pinned)
})

test('undici/lib/dispatcher/agent.js exports the Agent of undici', () => {
  expect(Agent, 'src/http/pools.ts would use another Agent, or none').toBe(undici.Agent)
})

test('undici/lib/core/connect.js exports buildConnector of undici', () => {
  expect(buildConnector, 'src/http/guard.ts would check no addresses (R35)').toBe(undici.buildConnector)
})

test('undici/lib/core/errors.js exports the errors of undici', () => {
  expect(errors, 'src/receive would fail with other errors').toBe(undici.errors)
})

test('a connector passes onread on to the socket, and returns the socket', async () => {
  const server = createServer((socket) => socket.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const read = await new Promise<string>((resolve, reject) => {
    const onread = {
      buffer: () => Buffer.alloc(100),
      callback: (size: number, bytes: Uint8Array) => {
        resolve(Buffer.from(bytes).toString('latin1', 0, size))
        return true
      },
    }
    const connect = buildConnector({ timeout: 1_000, onread } as Parameters<typeof buildConnector>[0])
    const { port } = server.address() as AddressInfo
    const options = { hostname: '127.0.0.1', protocol: 'http:', port: String(port) }
    const socket: unknown = connect(options, (...[error]) => {
      if (error !== null) reject(error)
    })
    expect(socket, 'src/receive/open-socket.ts could not give up').toHaveProperty('destroy')
  })
  expect(read, 'src/receive would read nothing').toBe('hello')
})

test('a connector passes the lookup on to the socket, and calls back with error or socket', async () => {
  const looked: string[] = []
  const connect = buildConnector({
    timeout: 1_000,
    lookup: (hostname, _options, callback) => {
      looked.push(hostname)
      callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '')
    },
  })
  const options = { hostname: 'registry.test', protocol: 'http:', port: '80' }
  const results = await new Promise<unknown[]>((resolve) =>
    connect(options as Parameters<typeof connect>[0], (...args) => resolve(args)),
  )
  expect(looked, 'src/http/guard.ts would not see the addresses of a host (R35)').toEqual(['registry.test'])
  expect(results[0]).toMatchObject({ code: 'ENOTFOUND' })
})
