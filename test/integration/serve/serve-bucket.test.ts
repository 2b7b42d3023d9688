import { PutObjectCommand } from '@aws-sdk/client-s3'
import { parseS3Url } from '@dist/content-s3'
import { singleImage } from '@dist/testkit/fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { askAt, type Serving, startServe } from '../support/serve.js'
import { serveSuite } from '../support/serve-suite.js'
import { fillStore } from '../support/served-store.js'
import { sharedGateway } from '../support/servers.js'
import { Workspace } from '../support/workspace.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const gateway = await sharedGateway()
const storeAt = (prefix: string) => ({ ...gateway.env, DIST_STORE: gateway.url(prefix) })

serveSuite('a bucket', async () => ({ env: storeAt('served'), args: ['--redirect', 'never'] }))

describe('redirects to a bucket', () => {
  const workspace = new Workspace()
  const env = storeAt('redirects')
  const [config, , , layer] = singleImage.blobs
  if (config === undefined || layer === undefined) throw new Error('the fixture has other layers')
  const bytes = Buffer.concat([...layer.open()])
  let serving: Serving
  let path = ''
  beforeAll(async () => {
    const registry = await fillStore(workspace, env)
    serving = await startServe(workspace, ['--redirect', '1MiB'], env)
    path = `/v2/${registry}/app/blobs`
  }, 120_000)
  afterAll(() => workspace.remove())
  const locationOf = (blob: { descriptor: { digest: string } }, headers = {}) =>
    serving.ask(`${path}/${blob.descriptor.digest}`, { headers })
  const follow = (location: string, options = {}) => {
    const { origin, pathname, search } = new URL(location)
    return askAt(origin, `${pathname}${search}`, options)
  }

  it('are for large blobs alone, and allow a GET of this object', async () => {
    expect((await locationOf(config)).status).toBe(200)
    const { status, headers, body } = await locationOf(layer)
    expect([status, body.byteLength, headers['cache-control']]).toEqual([307, 0, 'no-store'])
    const { location = '' } = headers
    expect(location).toMatch(/X-Amz-Expires=1200/)
    const got = await follow(location)
    expect([got.status, got.body.equals(bytes)]).toEqual([200, true])
    for (const method of ['HEAD', 'PUT', 'DELETE'])
      expect([method, (await follow(location, { method })).status]).toEqual([method, 403])
    const other = location.replace(layer.descriptor.digest.slice(7), config.descriptor.digest.slice(7))
    expect((await follow(other)).status).toBe(403)
  })

  it('are for ranges, too', async () => {
    const headers = { range: 'bytes=5-9' }
    const { location = '' } = (await locationOf(layer, headers)).headers
    const got = await follow(location, { headers })
    expect([got.status, got.body]).toEqual([206, bytes.subarray(5, 10)])
    const own = await startServe(workspace, ['--redirect', '1MiB', '--no-redirect-range'], env)
    const { status, body } = await own.ask(`${path}/${layer.descriptor.digest}`, { headers })
    expect([status, body]).toEqual([206, bytes.subarray(5, 10)])
    expect((await own.ask(`${path}/${layer.descriptor.digest}`)).status).toBe(307)
  })

  it('are never an answer to HEAD', async () => {
    const { status, headers } = await serving.ask(`${path}/${layer.descriptor.digest}`, { method: 'HEAD' })
    expect([status, headers['content-length']]).toEqual([200, String(layer.descriptor.size)])
  })

  it('lead to another address of the same server, where clients use one', async () => {
    const endpoint = gateway.endpoint.replace('127.0.0.1', 'localhost')
    const own = await startServe(workspace, ['--redirect-endpoint', endpoint], env)
    const { location = '' } = (await own.ask(`${path}/${layer.descriptor.digest}`)).headers
    expect(location.startsWith(`${endpoint}/${gateway.bucket}/redirects/`)).toBe(true)
    expect((await follow(location)).body.equals(bytes)).toBe(true)
  })

  it('are counted by their status', async () => {
    await locationOf(layer)
    const text = await (await fetch(`${serving.health}/metrics`)).text()
    expect(text).toMatch(/dist_requests_total\{route="blob",status="307"\} [1-9]/)
    expect(text).toMatch(/dist_request_wait_seconds_count\{route="blob"\} [1-9]/)
  })

  it('are avoided by --redirect never, and a blob whose bytes changed is cut before its end', async () => {
    const own = await startServe(workspace, ['--redirect', 'never'], env)
    const blob = `${path}/${layer.descriptor.digest}`
    expect((await own.ask(blob)).body.equals(bytes)).toBe(true)
    const wrong = Buffer.from(bytes)
    wrong[0] = (wrong[0] ?? 0) ^ 1
    const client = createS3Client({ ...parseS3Url(gateway.url('')), credentials: gateway.credentials })
    const key = `redirects/blobs/${layer.descriptor.digest.replace(':', '/')}`
    await client.send(new PutObjectCommand({ Bucket: gateway.bucket, Key: key, Body: wrong }))
    client.destroy()
    await expect(own.ask(blob)).rejects.toThrow()
    const problem = own.lines().find(({ msg }) => msg === 'the store has a problem')
    expect(JSON.stringify(problem)).toContain('another digest; run dist verify --repair')
  })
})
