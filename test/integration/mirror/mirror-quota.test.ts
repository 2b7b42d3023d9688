import { pullQuota, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { mirrorText } from '../support/mirror-text.js'
import { forTest } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** A registry with so many images in `app`, of two requests beside the manifest each. */
async function filled(count: number): Promise<ScriptedRegistry> {
  const registry = await forTest(startRegistry())
  for (let i = 0; i < count; i++)
    registry.content.putImage('app', `${i}`, ociImage({ layers: [seededLayer(`quota ${i}`, 500)] }))
  return registry
}

function fileFor(hosts: readonly ScriptedRegistry[], reserve: number): string {
  const registries = hosts.map(({ host }) => `  "${host}": { reserve-pulls: ${reserve} }`)
  const mirrors = hosts.map(({ host }) => `  - { from: "${host}/app", tags: all }`)
  return ['version: 1', 'registries:', ...registries, 'mirrors:', ...mirrors, ''].join('\n')
}

it('R42 a dry run tells the pulls that a run costs, what is left, and how long that takes', async () => {
  const registry = await filled(9)
  registry.script({ path: '/manifests/' }, pullQuota({ limit: 4, remaining: 3 }))
  const dry = (reserve: number, ...args: string[]) =>
    mirrorText(workspace(), fileFor([registry], reserve), ['--dry-run', ...args])
  const { code, stderr } = await dry(2)
  expect(code).toBe(0)
  // Eight wait, four of which come back in six hours.
  expect(stderr).toContain(
    `${registry.host}: at least 9 pulls; 3 of 4 in 6h00m left, 2 in reserve: 8 of them wait, about 12 h`,
  )
  registry.script({ path: '/manifests/' }, pullQuota({ limit: 40, remaining: 30 }))
  expect((await dry(0, '--bytes')).stderr).toMatch(
    /at most 9 pulls; 2\d of 40 in 6h00m left: none of them waits/,
  )
})

it('R42 pulls wait for a quota that is nearly used up, say so, and go on when there is more', async () => {
  const [limited, other] = [await filled(8), await filled(8)]
  const quota = { limit: 100, remaining: 8 }
  limited.script({ path: '/manifests/' }, pullQuota(quota))
  const path = workspace().file('dist.yaml', fileFor([limited, other], 3))
  const mirror = workspace().start(['mirror', '-f', path])
  await waitFor(() => /images 1\d\/16 done/.test(mirror.stderr()), 'all images that need not wait', 30_000)
  await waitFor(() => /allows 3 of 100 more pulls/.test(mirror.stderr()), 'a line about the quota', 30_000)
  expect(quota.remaining).toBe(3)
  expect(limited.received({ method: 'GET', path: '/manifests/' })).toHaveLength(5)
  const heads = limited.received({ method: 'HEAD' }).length
  quota.remaining = 90
  const { code, stdout } = await mirror.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/16 images: 16 done/)
  expect(limited.received({ method: 'HEAD' }).length - heads).toBeLessThanOrEqual(2)
}, 150_000)

it('R42 services leave the reserve together, and dist hosts and dist status tell why they wait', async () => {
  const registry = await filled(12)
  const quota = { limit: 100, remaining: 9 }
  registry.script({ path: '/manifests/' }, pullQuota(quota))
  const registries = { [registry.host]: { 'reserve-pulls': 4, requests: 3 } }
  const config = workspace().file('services.yaml', JSON.stringify({ registries }))
  const redis = await forTest(startRedis())
  await startServices(workspace(), redis.url, ['--config', config])
  const env = { DIST_QUEUE: redis.url }
  const references = Array.from({ length: 12 }, (_, i) => `${registry.host}/app:${i}`)
  await workspace().dist(['mirror', '--detach', ...references], { env })
  const status = () => workspace().dist(['status'], { env })
  await waitFor(
    async () => / allows 4 of 100 more pulls/.test((await status()).stdout),
    'the obstacle',
    30_000,
  )
  expect(quota.remaining).toBe(4)
  const { stdout } = await workspace().dist(['hosts', '--json'], { env })
  const known = jsonLines<{ host: string }>(stdout).find(({ host }) => host === registry.host)
  expect(known).toMatchObject({
    policy: { requests: 3, reservePulls: 4 },
    quotas: [{ remaining: 4, limit: 100, source: '203.0.113.7', asksAt: expect.any(String) }],
  })
  expect((await workspace().dist(['hosts'], { env })).stdout).toMatch(
    /quota +4 of 100 pulls left in 6h00m for 203\.0\.113\.7, told at .*; pulls wait, asked again at/,
  )
  // Asked early it is a HEAD: while the quota is used up, no pull is spent of the reserve.
  const heads = () => registry.received({ method: 'HEAD', path: '/manifests/' }).length
  const gets = registry.received({ method: 'GET', path: '/manifests/' }).length
  const resume = async () => {
    const before = heads()
    const args = ['hosts', 'resume', '--json', registry.host]
    const resumed = await workspace().dist(args, { env })
    expect(resumed.stderr).toContain(`${registry.host} is asked now whether it allows more pulls`)
    expect(jsonLines(resumed.stdout)).toMatchObject([{ wasPaused: false, asksForPulls: true }])
    // Jobs that were about to wait when it was called wait for their time: they are released by another call.
    const isAsked = async () => {
      if (heads() === before) await workspace().dist(args, { env })
      return heads() > before
    }
    await waitFor(isAsked, 'the question', 30_000)
  }
  await resume()
  expect(registry.received({ method: 'GET', path: '/manifests/' })).toHaveLength(gets)
  expect((await status()).stdout).toMatch(/ allows 4 of 100 more pulls/)
  quota.remaining = 90
  await resume()
  const isOpen = async () => / allows 4 of 100 more pulls/.test((await status()).stdout) === false
  await waitFor(isOpen, 'more pulls', 30_000)
}, 180_000)

it('dist hosts without a queue shows the policies of the settings', async () => {
  const registries = {
    'docker.io': { 'reserve-pulls': 20 },
    'ghcr.io': { 'requests-per-second': 2.5, patience: '1h' },
  }
  const config = workspace().file('services.yaml', JSON.stringify({ registries, 'requests-per-host': 5 }))
  const { code, stdout, stderr } = await workspace().dist(['hosts', '--config', config])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\* +policy +5 requests in flight, patience 15m00s$/m)
  expect(stdout).toMatch(/^docker\.io +policy +5 requests in flight, 20 pulls in reserve, patience 15m00s$/m)
  expect(stdout).toMatch(/^ghcr\.io +policy +5 requests in flight, 2\.5 a second, patience 1h00m$/m)
  expect(stderr).toContain('no queue')
})
