import { type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { s3Credentials, startScriptedS3 } from '@dist/testkit/servers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { numbered, putTags, storedNames } from '../support/prune-world.js'
import { forFile } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const server = await forFile(startScriptedS3())
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
})
afterEach(() => registry[Symbol.asyncDispose]())

it('a mirror that is killed while it prunes keeps all that is selected, and the next one prunes the rest', async () => {
  const env = {
    DIST_STORE: server.url('killed'),
    AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  }
  const text = `version: 1\nmirrors: [{ name: app, from: ${registry.host}/app, tags: all, prune: true, prune-limit: 100% }]`
  const mirror = ['mirror', '-f', workspace().file('dist.yaml', text)]
  putTags(registry, 'app', numbered(12))
  expect((await workspace().dist(mirror, { env })).code).toBe(0)
  putTags(registry, 'app', numbered(4))
  const running = workspace().start(mirror, { env })
  let removals = 0
  server.quirks.fault = ({ method, key }) => {
    if (method === 'DELETE' && key.includes('/names/') && ++removals === 3) running.child.kill('SIGKILL')
    return undefined
  }
  expect((await running.ended).code).toBeUndefined()
  const selected = numbered(4).map((tag) => `app:${tag}`)
  const left = await storedNames(workspace(), registry, env)
  expect(left).toEqual(expect.arrayContaining(selected))
  expect(left.length).toBeGreaterThan(selected.length)
  expect(left.length).toBeLessThan(12)
  expect((await workspace().dist(mirror, { env })).code).toBe(0)
  expect(await storedNames(workspace(), registry, env)).toEqual(selected)
  expect(await workspace().dist(['verify'], { env })).toMatchObject({ code: 0 })
})
