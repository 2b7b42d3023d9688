import { startRegistry } from '@dist/testkit'
import { indexImage, singleImage } from '@dist/testkit/fixtures'
import { s3Credentials, startRedis, startScriptedS3, waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { startServe } from '../support/serve.js'
import { forTest, perTest } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const bucket = perTest(() => startScriptedS3())
const registry = perTest(() => startRegistry())
const env = () => ({
  DIST_STORE: bucket().url('store'),
  AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
})
const app = () => `/v2/${registry().host.replace(':', '_')}/app`
const dist = (args: readonly string[]) => workspace().dist(args, { env: env() })
const children = indexImage.children.map(({ descriptor }) => descriptor.digest)

it('two instances serve one bucket: what one has resolved, the other one serves at once', async () => {
  const args = ['--refresh', '1h', '--redirect', 'never']
  registry().content.putImage('app', '1', indexImage)
  registry().content.putImage('app', '2', singleImage)
  expect(await dist(['pull', '--all-platforms', `${registry().host}/app:1`])).toMatchObject({ code: 0 })
  const [first, second] = await Promise.all([1, 2].map(() => startServe(workspace(), args, env())))
  if (first === undefined || second === undefined) throw new Error('not started')
  expect((await second.ask(`${app()}/manifests/${singleImage.descriptor.digest}`)).status).toBe(404)
  expect(await dist(['pull', `${registry().host}/app:2`])).toMatchObject({ code: 0 })
  expect((await first.ask(`${app()}/manifests/2`)).status).toBe(200)
  expect((await second.ask(`${app()}/manifests/${singleImage.descriptor.digest}`)).status).toBe(200)
  for (const digest of children) expect((await second.ask(`${app()}/manifests/${digest}`)).status).toBe(200)
})

it('what is known is answered without a request to the bucket', async () => {
  registry().content.putImage('app', '1', indexImage)
  expect(await dist(['pull', '--all-platforms', `${registry().host}/app:1`])).toMatchObject({ code: 0 })
  const serving = await startServe(workspace(), [], env())
  const ask = async () => {
    for (const path of ['manifests/1', 'tags/list', ...children.map((digest) => `manifests/${digest}`)])
      expect((await serving.ask(`${app()}/${path}`)).status).toBe(200)
    for (const { descriptor } of indexImage.children.flatMap(({ blobs }) => blobs))
      expect((await serving.ask(`${app()}/blobs/${descriptor.digest}`)).status).toBe(200)
  }
  await ask()
  const before = bucket().requests().length
  for (let i = 0; i < 5; i++) await ask()
  expect(bucket().requests().slice(before)).toEqual([])
})

it('with a queue, what its services publish is served long before the answer is too old', async () => {
  const redis = await forTest(startRedis())
  const queue = ['--queue', redis.url]
  // It waits for the store that the others create.
  const starting = startServe(workspace(), ['--refresh', '1h', ...queue], env())
  const services = ['coordinator', 'worker'].map((name) =>
    workspace().start([name, '--listen', '127.0.0.1:0', ...queue], { env: env() }),
  )
  const isReady = () => services.every((service) => service.stdout().includes('"ready"'))
  await waitFor(isReady, 'the services', 30_000)
  const serving = await starting
  const mirror = async () =>
    expect(await dist(['mirror', ...queue, `${registry().host}/app:1`])).toMatchObject({ code: 0 })
  const digest = async () => (await serving.ask(`${app()}/manifests/1`)).headers['docker-content-digest']
  registry().content.putImage('app', '1', singleImage)
  await mirror()
  expect(await digest()).toBe(singleImage.descriptor.digest)
  registry().content.putImage('app', '1', indexImage)
  await mirror()
  await waitFor(async () => (await digest()) === indexImage.descriptor.digest, 'the tag to move')
})
