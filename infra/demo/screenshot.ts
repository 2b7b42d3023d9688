import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openRuns } from '@dist/queue'
import { faults, pullQuota, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { freePort, startRedis, startServer } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { chromium } from 'playwright-core'
import { startService } from './services.js'
import { perform, type Stage } from './stage.js'

// Makes the picture of the README: node --import tsx --conditions=source infra/demo/screenshot.ts docs/dashboard.png
// One registry is out of quota, one is away, and one image is corrupt, while others go on.
const [, , file = 'docs/dashboard.png'] = process.argv

const password = 'of-this-picture'
const size = { width: 1100, height: 880 }

await perform(async (stage) => {
  const server = await startRedis()
  stage.onEnd(() => server.stop())
  const env = { DIST_QUEUE: server.url, DIST_STORE: join(stage.folder, 'store') }
  await startService('coordinator', stage, { name: 'coordinator', env })
  for (const name of ['worker-1', 'worker-2']) await startService('worker', stage, { name, env })
  const url = await startDashboard(stage, env)
  const runs = openRuns({
    connect: () => new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null }),
  })
  stage.onEnd(async () => await runs[Symbol.asyncDispose]())
  const run = await runs.submit({ references: await scene(stage), platforms: 'all' })
  for (;;) {
    const { images } = await runs.status(run)
    if (images.done >= 20 && images.failed > 0) break
    await delay(100, undefined, { signal: stage.signal })
  }
  // What waits for hosts says so a little later.
  await delay(8_000, undefined, { signal: stage.signal })
  await picture(url)
  return true
})

/** Registries, and the references of their images. */
async function scene(stage: Stage): Promise<string[]> {
  const [main, limited] = [await startRegistry(), await startRegistry()]
  for (const registry of [main, limited]) stage.onEnd(() => registry[Symbol.asyncDispose]())
  const good = Array.from({ length: 20 }, (_, i) => put(main, `team/service-${i + 1}`, 200_000))
  const slow = put(main, 'team/database', 48 * 2 ** 20)
  main.script({ path: '/v2/team/database/blobs/' }, faults.drippingBody(512 * 1024, 250))
  const corrupt = put(main, 'team/reports', 50_000)
  main.script({ path: '/v2/team/reports/blobs/' }, faults.flippedByte(1_000))
  const waiting = Array.from({ length: 5 }, (_, i) => put(limited, `library/base-${i + 1}`, 10_000))
  limited.script({ path: '/manifests/' }, pullQuota({ limit: 100, remaining: 0 }))
  const closed = `127.0.0.1:${await freePort()}`
  const away = Array.from({ length: 3 }, (_, i) => `${closed}/mirror/tool-${i + 1}:1`)
  return [slow, corrupt, ...good, ...waiting, ...away]
}

function put(registry: ScriptedRegistry, repository: string, size: number): string {
  registry.content.putImage(repository, '1', ociImage({ layers: [seededLayer(repository, size)] }))
  return `${registry.host}/${repository}:1`
}

async function startDashboard({ onEnd }: Stage, env: Readonly<Record<string, string>>): Promise<string> {
  const program = fileURLToPath(new URL('../../services/cli/bin/dashboard.mjs', import.meta.url))
  const [listen, health] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const args = ['--listen', listen, '--health-listen', health, '--user', 'operator']
  const server = await startServer(process.execPath, [program, ...args], {
    ready: async () => (await fetch(`http://${health}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    env: { ...env, DIST_DASHBOARD_PASSWORD: password },
  })
  onEnd(() => server.stop())
  return `http://${listen}`
}

async function picture(url: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  try {
    const authorization = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`
    const page = await browser.newPage({ viewport: size, extraHTTPHeaders: { authorization } })
    await page.goto(url)
    await page.getByText('under way').waitFor()
    // Speeds need two looks.
    await delay(3_000)
    await page.screenshot({ path: file })
  } finally {
    await browser.close()
  }
}
