import { once } from 'node:events'
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { startRegistry } from '@dist/testkit'
import { type FixtureImage, ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, expect, it } from 'vitest'
import { lastRequest, openConnection } from '../support/raw-http.js'
import { type Serving, startServe } from '../support/serve.js'
import { perTest } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = perTest(() => startRegistry())
const blobsOf = ({ blobs }: FixtureImage) => blobs.map(({ descriptor }) => descriptor.digest)
const older = ociImage({ layers: [seededLayer('older', 16 * 1024 * 1024)] })
const [olderConfig, olderLayer] = blobsOf(older)
let name = ''
let app = ''

beforeEach(() => {
  name = `${registry().host}/app:1`
  app = `/v2/${registry().host.replace(':', '_')}/app`
})

async function pull(image: FixtureImage): Promise<void> {
  registry().content.putImage('app', '1', image)
  expect(await workspace().dist(['pull', name])).toMatchObject({ code: 0 })
}

async function served(serving: Serving): Promise<unknown> {
  return (await serving.ask(`${app}/manifests/1`)).headers['docker-content-digest']
}

it('a tag that moves is seen, and what it had is served on until garbage is collected', async () => {
  await pull(older)
  const serving = await startServe(workspace())
  expect(await served(serving)).toBe(older.descriptor.digest)
  await pull(singleImage)
  await waitFor(async () => (await served(serving)) === singleImage.descriptor.digest, 'the tag to move')
  expect((await serving.ask(`${app}/manifests/${older.descriptor.digest}`)).status).toBe(200)
  expect((await serving.ask(`${app}/blobs/${olderConfig}`)).status).toBe(200)
  // A client that is in the middle of a blob gets the rest of it.
  const client = await openConnection(serving.host)
  client.write(lastRequest(serving.host, `${app}/blobs/${olderLayer}`))
  await once(client, 'readable')
  expect(await workspace().dist(['gc', '--grace', '0s'])).toMatchObject({ code: 0 })
  let bytes = 0
  for await (const chunk of client) bytes += chunk.byteLength
  expect(bytes).toBeGreaterThan(16 * 1024 * 1024)
  expect((await serving.ask(`${app}/blobs/${olderLayer}`)).code()).toBe('BLOB_UNKNOWN')
})

it('a name that comes is found at once, one that goes is not found, and a store may come after its server', async () => {
  const serving = await startServe(workspace(), [], {
    DIST_STORE: '',
    XDG_DATA_HOME: workspace().root,
  })
  expect((await serving.ask(`${app}/manifests/1`)).status).toBe(404)
  registry().content.putImage('app', '1', singleImage)
  const env = { DIST_STORE: '', XDG_DATA_HOME: workspace().root }
  expect(await workspace().dist(['pull', name], { env })).toMatchObject({ code: 0 })
  expect((await serving.ask(`${app}/manifests/1`)).status).toBe(200)
  expect(await workspace().dist(['tag', name, 'localhost:5000/own:2'], { env })).toMatchObject({ code: 0 })
  const own = await serving.ask('/v2/own/manifests/2', { headers: { host: 'localhost:5000' } })
  expect(own.headers['docker-content-digest']).toBe(singleImage.descriptor.digest)
  expect(await workspace().dist(['images', 'rm', name], { env })).toMatchObject({ code: 0 })
  await waitFor(async () => (await serving.ask(`${app}/manifests/1`)).status === 404, 'the name to go')
})

it('names without a host are those of the default registry; ns names another one', async () => {
  await pull(singleImage)
  expect(await workspace().dist(['tag', name, 'alpine:3'])).toMatchObject({ code: 0 })
  const serving = await startServe(workspace(), ['--default-registry', 'docker.io'])
  for (const path of ['/v2/library/alpine/manifests/3', '/v2/alpine/manifests/3?ns=docker.io'])
    expect([path, (await serving.ask(path)).status]).toEqual([path, 200])
  expect((await serving.ask(`/v2/app/manifests/1?ns=${registry().host}`)).status).toBe(200)
  expect((await serving.ask('/v2/alpine/manifests/3?ns=quay.io')).status).toBe(404)
})

it('content of a folder that is damaged is never sent as right', async () => {
  await pull(older)
  const path = (await workspace().dist(['path', olderLayer ?? ''])).stdout.trim().split(' ')[1] ?? ''
  const right = readFileSync(path)
  const { atime, mtime } = statSync(path)
  const wrong = Buffer.from(right)
  wrong[right.byteLength - 1] = (wrong.at(-1) ?? 0) ^ 1
  writeFileSync(path, wrong)
  const serving = await startServe(workspace())
  const blob = `${app}/blobs/${olderLayer}`
  await expect(serving.ask(blob)).rejects.toThrow()
  for (const method of ['GET', 'HEAD']) expect((await serving.ask(blob, { method })).status).toBe(500)
  const problem = serving.lines().find(({ msg }) => msg === 'the store has a problem')
  expect(JSON.stringify(problem)).toContain('dist verify --repair')
  const metrics = await (await fetch(`${serving.health}/metrics`)).text()
  expect(metrics).toMatch(/dist_store_problems_total\{code="FAILED_PRECONDITION"\} 3/)
  // It is looked at again when it is another file.
  writeFileSync(path, right)
  utimesSync(path, atime, new Date(mtime.getTime() + 5_000))
  const got = await serving.ask(blob, { headers: { range: 'bytes=-5' } })
  expect([got.status, got.body]).toEqual([206, right.subarray(-5)])
  writeFileSync(path, wrong)
  utimesSync(path, atime, new Date(mtime.getTime() + 9_000))
  expect((await serving.ask(blob, { headers: { range: 'bytes=0-5' } })).status).toBe(500)
})

it('stops when transfers have ended, and answers no more', async () => {
  await pull(older)
  const serving = await startServe(workspace(), ['--deadline', '30s'])
  const client = await openConnection(serving.host)
  client.write(lastRequest(serving.host, `${app}/blobs/${olderLayer}`))
  await once(client, 'readable')
  serving.running.child.kill('SIGTERM')
  await serving.running.said('"stopping"')
  await expect(serving.ask('/v2/')).rejects.toThrow()
  let bytes = 0
  for await (const chunk of client) bytes += chunk.byteLength
  expect(bytes).toBeGreaterThan(16 * 1024 * 1024)
  expect(await serving.running.ended).toMatchObject({ code: 0 })
})
