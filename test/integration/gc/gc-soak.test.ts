import { setTimeout as wait } from 'node:timers/promises'
import { ociImage, pushImage, smallLayer } from '@dist/testkit/fixtures'
import { s3Credentials, startScriptedS3 } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { forFile, useRegistry } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

/** How long each store is worn. `npm run soak` sets more. */
const seconds = Number(process.env.DIST_SOAK_SECONDS ?? 3)
/** Commands that run at the same time. */
const together = 4

const layers = Array.from({ length: 8 }, (_, i) => smallLayer(`soak-${i}`))
const images = layers.map((layer, i) => ociImage({ layers: [layer, layers[(i + 1) % 8] ?? layer] }))
const registry = useRegistry(async ({ url }) => {
  for (const [i, image] of images.entries()) await pushImage(url, 'soak', `${i}`, image)
})
const workspace = useWorkspace()
const server = await forFile(startScriptedS3())
const credentials = {
  AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
}

const random = (below: number) => Math.floor(Math.random() * below)

/** A command, and whether it may fail: names come and go, and content that nothing needs yet may be deleted. */
function command(): string[] {
  const ref = `${registry().host}/soak:${random(images.length)}`
  const kind = random(8)
  if (kind < 4) return ['pull', ref, `${registry().host}/soak:${random(images.length)}`]
  return kind < 6 ? ['images', 'rm', ref] : ['gc', '--grace', '0']
}

/** Runs commands one after the other, and kills every third. */
async function wear(env: Record<string, string>, until: number): Promise<void> {
  while (Date.now() < until) {
    const running = workspace().start(command(), { env })
    if (random(3) === 0) {
      await Promise.race([wait(random(700)), running.ended])
      running.child.kill('SIGKILL')
    }
    await running.ended
  }
}

async function expectWhole(env: Record<string, string>): Promise<void> {
  const verified = await workspace().dist(['verify'], { env })
  expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
}

it.each(['a folder', 'a bucket'])(
  'S18 in %s names stay whole while commands pull, remove and collect, and are killed',
  async (kind) => {
    const env = kind === 'a folder' ? {} : { ...credentials, DIST_STORE: server.url('soak') }
    await workspace().dist(['pull', `${registry().host}/soak:0`], { env })
    const end = Date.now() + seconds * 1000
    while (Date.now() < end) {
      const round = Math.min(end, Date.now() + 10_000)
      await Promise.all(Array.from({ length: together }, () => wear(env, round)))
      await expectWhole(env)
    }
    expect(await workspace().dist(['gc', '--grace', '0'], { env })).toMatchObject({ code: 0 })
    await expectWhole(env)
  },
  seconds * 2000 + 120_000,
)
