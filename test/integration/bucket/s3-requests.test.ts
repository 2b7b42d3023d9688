import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { type FaultProxy, startFaultProxy } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { sharedGateway, useRegistry } from '../support/servers.js'
import { pushMany } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const many = 60
const registry = useRegistry(({ url }) => pushMany(url, 'many', many))
const workspace = useWorkspace()
// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const gateway = await sharedGateway()
const { endpoint, accessKey: accessKeyId, secretKey: secretAccessKey } = gateway
const client = createS3Client({ endpoint, pathStyle: true, credentials: { accessKeyId, secretAccessKey } })
let proxy: FaultProxy
beforeAll(async () => {
  proxy = await startFaultProxy(gateway.endpoint)
})
afterAll(async () => {
  client.destroy()
  await proxy.stop()
})

/** Requests that may come before the first listing, and those to open the store. */
const few = 55

interface Counts {
  readonly puts: number
  readonly reads: number
  readonly heads: number
  readonly listings: number
  /** Of the lease of the process. */
  readonly leases: number
}

describe('what many small images cost a bucket', () => {
  const env = () => ({
    ...gateway.env,
    DIST_STORE: gateway.url('requests', proxy.endpoint),
  })

  async function mirror(): Promise<{ stdout: string; counts: Counts }> {
    const lines = Array.from({ length: many }, (_, i) => `${registry().host}/many/${i}:1`)
    const before = proxy.requests().length
    const { code, stdout } = await workspace().dist(
      ['mirror', '-f', workspace().file('refs', lines.join('\n'))],
      {
        env: env(),
      },
    )
    expect(code).toBe(0)
    const all = proxy.requests().slice(before)
    const isOfLease = ({ path }: (typeof all)[number]) => decodeURIComponent(path).includes('/leases/')
    const made = all.filter((request) => !isOfLease(request))
    const count = (wanted: (request: (typeof made)[number]) => boolean) => made.filter(wanted).length
    return {
      stdout,
      counts: {
        puts: count(({ method }) => method === 'PUT'),
        heads: count(({ method }) => method === 'HEAD'),
        listings: count(({ path }) => path.includes('list-type')),
        leases: all.length - made.length,
        reads: count(({ method, path }) => method === 'GET' && !path.includes('list-type')),
      },
    }
  }

  it('at first: its objects and its name', async () => {
    const { stdout, counts } = await mirror()
    expect(stdout).toMatch(/^60 images: 60 done; /)
    // A manifest, a configuration and a layer of its own for each image; the name.
    expect(counts.puts).toBeLessThanOrEqual(many * 4 + 2)
    expect(counts.heads + counts.reads).toBeLessThan(few)
    expect(counts.listings).toBeLessThan(20)
    // Taken, given up, and renewed every 20 seconds.
    expect(counts.leases).toBeGreaterThanOrEqual(3)
    expect(counts.leases).toBeLessThan(20)
  })

  it('again: one read of its manifest', async () => {
    const { stdout, counts } = await mirror()
    expect(stdout).toMatch(/60 up to date\); fetched 0 objects/)
    expect(counts).toMatchObject({ puts: 0, leases: 0 })
    expect(counts.heads + counts.reads).toBeLessThan(many + few)
    expect(counts.listings).toBeLessThan(20)
  })

  it('after the bucket has lost the content of one of them: it is fetched again', async () => {
    const store = { env: env() }
    const { stdout } = await workspace().dist(['list', '-q'], store)
    const digests = stdout.trim().split('\n')
    expect(digests.length).toBeGreaterThan(many)
    const [lost = ''] = digests
    const key = `requests/blobs/${lost.replace(':', '/')}`
    await client.send(new DeleteObjectCommand({ Bucket: gateway.bucket, Key: key }))
    expect((await workspace().dist(['path', lost], store)).code).toBe(3)
    expect((await mirror()).stdout).toMatch(/fetched 1 object/)
    expect((await workspace().dist(['path', lost], store)).code).toBe(0)
  })
})
