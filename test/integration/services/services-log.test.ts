import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mirrorBy } from '../support/queue-client.js'
import { forFile, useRegistry } from '../support/servers.js'
import { type LogLine, type StartedService, startService } from '../support/services.js'
import { jsonLines, Workspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'app', '1', singleImage))
const workspace = new Workspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const queue = await forFile(openQueue(redis.url, {}))

let coordinator: StartedService
let worker: StartedService
beforeAll(async () => {
  const env = { DIST_QUEUE: redis.url, DIST_LOG_LEVEL: 'debug' }
  coordinator = startService(workspace, 'coordinator', { env })
  worker = startService(workspace, 'worker', { env, args: ['--name', 'w1'] })
  await Promise.all([coordinator.logged('ready'), worker.logged('ready')])
})

it('a worker logs who it is, and of each blob its host and its image, in whole milliseconds', async () => {
  const reference = `${registry().host}/app:1`
  expect(await mirrorBy(queue, [reference])).toMatchObject([{ state: 'done' }])
  const lines = worker.lines()
  expect(lines.every((line) => line.worker === 'w1')).toBe(true)
  const blobs = lines.filter(({ msg }) => msg === 'blob done')
  expect(blobs).toHaveLength(singleImage.blobs.length)
  for (const line of blobs) {
    expect(line).toMatchObject({
      host: registry().host,
      image: reference,
      subject: expect.stringMatching(/^sha256:/),
    })
    expect(Number.isInteger(line.milliseconds)).toBe(true)
  }
})

it('a service that fails says of which image and host', async () => {
  const missing = `${registry().host}/app:none`
  expect(await mirrorBy(queue, [missing])).toMatchObject([{ state: 'failed' }])
  const line = await coordinator.logged('image failed')
  expect(line).toMatchObject({ level: 'warn', subject: missing, error: { code: 'NOT_FOUND' } })
})

it.each([
  ['coordinator', ['--queue', 'http://nowhere.test'], 2],
  ['worker', ['--concurrency', 'many'], 2],
  ['dashboard', ['--listen', 'nowhere'], 2],
  ['worker', ['--store', '/proc/nowhere', '--listen', '127.0.0.1:0'], 3],
] as const)('dist %s %j: why it cannot start is the last line of its log', async (name, args, code) => {
  const ended = await workspace.dist([name, ...args], { env: { DIST_QUEUE: redis.url } })
  expect(ended.stderr).toBe('')
  const last = jsonLines<LogLine>(ended.stdout).at(-1)
  expect(last).toMatchObject({
    level: 'error',
    service: name,
    msg: 'it cannot go on',
    error: { code: expect.any(String) },
  })
  expect(ended.code).toBe(code)
})
