import { startRegistry } from '@dist/testkit'
import { artifactOf, type FixtureImage, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { s3Credentials, startScriptedS3 } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { perTest } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const server = perTest(() => startScriptedS3())

const images = Array.from({ length: 30 }, (_, i) => ociImage({ layers: [seededLayer(`image ${i}`, 500)] }))
const [signed] = images as [FixtureImage]
const signature = artifactOf(signed, 'a signature')
const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
const tag = `${signed.descriptor.digest.replace(':', '-')}.sig`

function dist(args: readonly string[]) {
  const env = {
    DIST_STORE: server().url('store'),
    AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  }
  return workspace().dist(args, { env })
}

async function upstream() {
  const registry = await startRegistry({ referrers: 100 })
  for (const [i, image] of images.entries()) registry.content.putImage('app', `${i}`, image)
  registry.content.putImage('app', signature.descriptor.digest, signature)
  registry.content.putImage('app', tag, cosigned)
  return registry
}

it('a bucket keeps what refers to an image: in the document of its name, and as names of cosign', async () => {
  await using registry = await upstream()
  const name = `${registry.host}/app:0`
  expect(await dist(['pull', '--referrers', name])).toMatchObject({ code: 0 })
  const [inspected] = jsonLines((await dist(['inspect', '--json', name])).stdout)
  expect(inspected).toMatchObject({
    referrers: [
      { digest: signature.descriptor.digest, present: true },
      { tag, present: true },
    ],
  })
  expect((await dist(['images', '-q'])).stdout).toBe(`${name}\n`)
  expect((await dist(['images', '-q', '--all'])).stdout).toContain(tag)
  expect(await dist(['delete', signature.descriptor.digest])).toMatchObject({ code: 1 })
  expect(jsonLines((await dist(['pull', '--json', '--referrers', name])).stdout)).toMatchObject([
    { upToDate: true, fetched: { objects: 0 } },
  ])
  expect(await dist(['images', 'rm', name])).toMatchObject({ code: 0 })
  expect((await dist(['images', '-q', '--all'])).stdout).toBe('')
})

it('an unchanged image whose answer about referrers is fresh costs a bucket no write, and of many names no read', async () => {
  await using registry = await upstream()
  const text = `version: 1\nmirrors: [{ from: ${registry.host}/app, tags: all }]`
  const mirror = ['mirror', '-f', workspace().file('dist.yaml', text)]
  expect(await dist(mirror)).toMatchObject({ code: 0 })
  const before = server().requests().length
  registry.requests.length = 0
  expect((await dist(mirror)).stdout).toContain('30 up to date')
  expect(registry.received({ path: '/referrers/' })).toEqual([])
  const made = server().requests().slice(before)
  expect(made.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([])
  const names = made.filter(({ key }) => key.includes('names/'))
  // The first ones are read. Then a listing shows what documents contain, but for the image that is signed.
  expect(names.length).toBeLessThanOrEqual(15)
})
