import { setTimeout as sleep } from 'node:timers/promises'
import type { ScriptedRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'
import { holding, registry } from '../support/odd-registry.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const image = ociImage({ layers: Array.from({ length: 40 }, (_, i) => seededLayer(`layer ${i}`, 100)) })
const repository = () => `${source.host}/app:1`
let source: ScriptedRegistry
/** The most requests that the registry answered at the same time. */
let most: number

beforeEach(async () => {
  source = await holding(image)
  most = 0
  let open = 0
  source.script({ path: '/' }, async (_, proper) => {
    most = Math.max(most, ++open)
    await sleep(300)
    open--
    return proper()
  })
})

describe.each(['pull', 'mirror', 'copy', 'mirror --to'])('dist %s', (command) => {
  const call = async (...options: string[]) => {
    const { host } = await registry()
    const args = {
      pull: ['pull', repository()],
      mirror: ['mirror', repository()],
      copy: ['copy', repository(), `${host}/app:1`],
      'mirror --to': ['mirror', '--to', host, repository()],
    }[command]
    return workspace().dist([...(args ?? []), ...options])
  }

  it('sends at most 8 requests to a host at the same time, and says that they bound --concurrency', async () => {
    const ended = await call('--concurrency', '20')
    expect(ended).toMatchObject({ code: 0 })
    expect(most).toBeLessThanOrEqual(8)
    expect(ended.stderr).toContain('--concurrency 20: only 8 requests go to a host at the same time')
  })

  it('sends as many as --requests-per-host allows', async () => {
    const ended = await call('--concurrency', '20', '--requests-per-host', '20')
    expect(ended).toMatchObject({ code: 0 })
    expect(most).toBeGreaterThan(12)
    expect(most).toBeLessThanOrEqual(20)
    expect(ended.stderr).not.toContain('at the same time')
  })
})

it('says that --requests-per-host is bound by the default of --concurrency', async () => {
  const ended = await workspace().dist(['pull', repository(), '--requests-per-host', '20'])
  expect(ended).toMatchObject({ code: 0 })
  expect(ended.stderr).toContain('--requests-per-host 20: only 8 blobs of a host are transferred')
})

it('DIST_REQUESTS_PER_HOST sets the same', async () => {
  const env = { DIST_REQUESTS_PER_HOST: '2' }
  expect(await workspace().dist(['pull', repository()], { env })).toMatchObject({ code: 0 })
  expect(most).toBeLessThanOrEqual(2)
})

it.each(['0', 'many', '1.5'])('--requests-per-host %s is a usage error that names it', async (value) => {
  const ended = await workspace().dist(['pull', repository(), '--requests-per-host', value])
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('requests-per-host')
})
