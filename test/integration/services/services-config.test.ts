import { startRedis } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { forTest } from '../support/servers.js'
import { startService } from '../support/services.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

async function redis(): Promise<string> {
  const server = await forTest(startRedis())
  return server.url
}

/** The same settings in each language. The queue is said nowhere else. */
const documents = {
  'dist.yaml': (queue: string, section: string) => `queue: ${queue}\n${section}:\n  deadline: 5s # short\n`,
  'dist.json': (queue: string, section: string) => JSON.stringify({ queue, [section]: { deadline: '5s' } }),
  'dist.toml': (queue: string, section: string) => `queue = "${queue}"\n[${section}]\ndeadline = "5s"\n`,
}

/** Each service and each language once. */
const cases = (
  [
    ['coordinator', 'dist.yaml'],
    ['worker', 'dist.json'],
    ['dashboard', 'dist.toml'],
  ] as const
).map(([name, file]) => ({ name, file, write: documents[file] }))

describe('a service starts from its file', () => {
  it.each(cases)('$name from $file', async ({ name, file, write }) => {
    const config = workspace().file(file, write(await redis(), name))
    const service = startService(workspace(), name, { args: ['--config', config] })
    await service.logged('ready')
    service.running.child.kill('SIGTERM')
    expect((await service.running.ended).code).toBe(0)
  })

  it.each([
    ['dist.yaml', 'queue: [\n', 'YAML: see line 2'],
    ['dist.json', '{"queue": "a"\n"store": 1}', 'JSON: see line 2'],
    ['dist.toml', 'queue = "a"\nstore = \n', 'TOML: see line 2'],
  ])('and says where %s is wrong', async (file, content, says) => {
    const config = workspace().file(file, content)
    const { code, stdout } = await workspace().dist(['worker', '--config', config])
    expect(jsonLines(stdout)).toMatchObject([{ error: { message: `${config} is not valid ${says}` } }])
    expect(code).toBe(2)
  })
})
