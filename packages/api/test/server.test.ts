import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { openServer } from '../src/client/server.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function served(answer: Answer): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push({
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const options = { userAgent: 'test' }
const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

it('the token and the answer of the server are passed on, and the code of its error is kept', async () => {
  const seen: (string | undefined)[] = []
  const url = await served((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    if (request.url === '/api/v1/store') return json(response, 200, { id: 's1', later: true })
    const problem = {
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'IN_USE',
      detail: 'it runs',
      request: '1',
    }
    return json(response, 409, problem)
  })
  const server = openServer({ url: `${url}/`, token: 'secret' }, options)
  expect(await server.runs.store()).toBe('s1')
  await expect(server.schedules().run('a/b c')).rejects.toMatchObject({ code: 'IN_USE', message: 'it runs' })
  expect(seen).toEqual([
    'GET /api/v1/store Bearer secret',
    'POST /api/v1/schedules/a%2Fb%20c/run Bearer secret',
  ])
})

it('a server that is away is waited for, but no change is sent twice', async () => {
  let count = 0
  const url = await served((request, response) => {
    count++
    if (count === 1) request.socket.destroy()
    else json(response, 200, { id: 's1' })
  })
  const server = openServer({ url }, options)
  expect(await server.runs.store()).toBe('s1')
  count = 0
  await expect(server.runs.cancel('r')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(count).toBe(1)
})

it('W9 a token follows no redirect and is not sent as plain text beyond loopback', async () => {
  const other: string[] = []
  const target = await served((request, response) => {
    other.push(String(request.headers.authorization))
    json(response, 200, { id: 's1' })
  })
  const url = await served((_, response) => {
    response.writeHead(307, { location: `${target}/api/v1/store` }).end()
  })
  const server = openServer({ url, token: 'secret' }, { ...options, timeoutMs: 50 })
  await expect(server.runs.store()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(other).toEqual([])
  expect(() => openServer({ url: 'http://192.0.2.1', token: 'secret' }, options)).toThrow('over https only')
  for (const bad of ['ftp://a', 'nonsense', 'https://user:secret@a'])
    expect(() => openServer({ url: bad }, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
})

it('an answer of another server is named as such', async () => {
  const url = await served((request, response) => {
    if (request.url?.endsWith('/store')) return json(response, 200, { id: 7 })
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html>')
  })
  const server = openServer({ url }, options)
  await expect(server.runs.store()).rejects.toMatchObject({ code: 'MALFORMED' })
  await expect(server.runs.status('r')).rejects.toThrow('not as the API of dist does')
})
