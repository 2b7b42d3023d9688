import { once } from 'node:events'
import { startRegistry } from '@dist/testkit'
import { ociImage, seededLayer, smallLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lastRequest, openConnection, sendRaw } from '../support/raw-http.js'
import { type Serving, startServe } from '../support/serve.js'
import { Workspace } from '../support/workspace.js'

const workspace = new Workspace()
const page = smallLayer('<script>alert(1)</script>')
const image = ociImage({
  layers: [
    // More than the buffers of a connection hold.
    seededLayer('large', 32 * 1024 * 1024),
    { ...page, descriptor: { ...page.descriptor, mediaType: 'text/html' } },
  ],
})
const large = image.blobs[1]?.descriptor.digest
let serving: Serving
let app = ''

beforeAll(async () => {
  await using registry = await startRegistry()
  registry.content.putImage('app', '1', image)
  expect(await workspace.dist(['pull', `${registry.host}/app:1`])).toMatchObject({ code: 0 })
  app = `/v2/${registry.host.replace(':', '_')}/app`
  serving = await startServe(workspace, ['--stall-timeout', '1s', '--max-connections', '6000'])
}, 60_000)
afterAll(() => workspace.remove())

const metric = async (name: string) => {
  const text = await (await fetch(`${serving.health}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
const statusesOf = (answers: string) =>
  [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

it.each([
  '/v2/../../etc/passwd',
  '/v2/%2e%2e%2f%2e%2e%2fetc/passwd',
  '/v2/a/../../index.json',
  '/v2/docker.io/../x/manifests/1',
  '/v2/docker.io%2Fx/manifests/1',
  '/v2/docker.io//x/manifests/1',
  '/v2/docker.io/x/manifests/..%2F..%2Findex.json',
  '/v2/docker.io/x/manifests/%00',
  '/v2/docker.io/x/blobs/sha256:..%2f..%2findex.json',
  '/v2/docker.io/x/blobs/..',
  `/v2/${'a/'.repeat(4_000)}manifests/1`,
  '/v2/x/manifests/1?ns=../../etc',
  '/v2/x/manifests/1?ns=docker.io&ns=quay.io',
  '/v2/x/manifests/1?ns=http://127.0.0.1/',
  '//v2/',
  '/V2/',
  '/token',
  '/',
])('W3 %s is refused', async (target) => {
  const answer = await sendRaw(serving.host, lastRequest(serving.host, target))
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect([400, 404]).toContain(statusesOf(head)[0])
  expect(head.toLowerCase()).toContain('content-type: application/json')
  expect(JSON.parse(body).errors[0].code).toMatch(/^[A-Z_]+$/)
})

it('W3 a target of another form is understood, and a header that is too large is refused', async () => {
  const absolute = await sendRaw(serving.host, lastRequest(serving.host, `${serving.url}${app}/tags/list`))
  expect(statusesOf(absolute)).toEqual([200])
  const huge = await sendRaw(serving.host, lastRequest(serving.host, '/v2/', `X: ${'x'.repeat(20_000)}\r\n`))
  expect(statusesOf(huge)).toEqual([431])
})

it('W7 types that others wrote do not become headers', async () => {
  const { headers } = await serving.ask(`${app}/blobs/${page.descriptor.digest}`)
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  })
})

it('HTTP/1.0, requests in one packet, and requests after errors are answered in order', async () => {
  const old = await sendRaw(serving.host, `GET ${app}/tags/list HTTP/1.0\r\nHost: ${serving.host}\r\n\r\n`)
  expect(statusesOf(old)).toEqual([200])
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${serving.host}\r\n\r\n`
  const many = [get(`${app}/manifests/none`), get(`${app}/manifests/1`), get('/nothing'), get('/v2/')]
  const answers = await sendRaw(serving.host, `${many.join('')}${lastRequest(serving.host, '/v2/_catalog')}`)
  expect(statusesOf(answers)).toEqual([404, 200, 404, 200, 200])
})

it('W5 a client that asks before it sends a body is refused, and the connection is closed', async () => {
  const head = `PUT ${app}/manifests/1 HTTP/1.1\r\nHost: ${serving.host}\r\n`
  const answer = await sendRaw(serving.host, `${head}Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n`)
  expect(statusesOf(answer)).toEqual([405])
  expect(answer).toContain('UNSUPPORTED')
})

it('W11 a client that takes no bytes is cut off, one that leaves is not waited for', async () => {
  const name = 'dist_requests_broken_total{route="blob"}'
  const before = await metric(name)
  const slow = await openConnection(serving.host)
  slow.pause()
  slow.write(lastRequest(serving.host, `${app}/blobs/${large}`))
  await waitFor(async () => (await metric(name)) === before + 1, 'the slow client to be cut off')
  slow.destroy()
  const leaving = await openConnection(serving.host)
  leaving.write(lastRequest(serving.host, `${app}/blobs/${large}`))
  await once(leaving, 'data')
  leaving.destroy()
  await waitFor(async () => (await metric(name)) === before + 2, 'the client that left')
  const hasty = await openConnection(serving.host)
  hasty.write(`GET ${app}/blobs/${large} HTTP/1.1\r\nHost: ${serving.host}\r\n\r\n`.repeat(20))
  await once(hasty, 'data')
  hasty.destroy()
  await waitFor(async () => (await metric('dist_jobs_active')) === 0, 'the requests of the client that left')
})

it('more bodies than the limit are refused, small blobs and manifests are not', async () => {
  const bounded = await startServe(workspace, ['--max-streams', '1'])
  const slow = await openConnection(bounded.host)
  slow.write(lastRequest(bounded.host, `${app}/blobs/${large}`))
  await once(slow, 'readable')
  const refused = await bounded.ask(`${app}/blobs/${large}`)
  expect([refused.status, refused.code(), refused.headers['retry-after']]).toEqual([
    429,
    'TOOMANYREQUESTS',
    '1',
  ])
  expect((await bounded.ask(`${app}/blobs/${page.descriptor.digest}`)).status).toBe(200)
  expect((await bounded.ask(`${app}/manifests/1`)).status).toBe(200)
  slow.destroy()
  await waitFor(async () => (await bounded.ask(`${app}/blobs/${large}`)).status === 200, 'a free place')
})

it('5,000 idle connections keep nobody from being answered', async () => {
  const idle = await Promise.all(Array.from({ length: 5_000 }, () => openConnection(serving.host)))
  expect((await serving.ask(`${app}/manifests/1`)).status).toBe(200)
  for (const socket of idle) socket.destroy()
})
