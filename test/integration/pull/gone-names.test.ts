import { faults, type ScriptedRegistry } from '@dist/testkit'
import { singleImage } from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'
import { registry } from '../support/odd-registry.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const names = ['kept', 'gone', 'lost']
let source: ScriptedRegistry
const mirror = (...repositories: string[]) =>
  workspace().dist(['mirror', ...repositories.map((name) => `${source.host}/${name}:1`)])
/** The requests for manifests by tag since `from`, sorted. */
const requestsSince = (from: number) =>
  source.requests
    .slice(from)
    .map(({ method, path }) => `${method} ${path.split('/')[2]}`)
    .sort()

beforeEach(async () => {
  source = await registry()
  for (const name of names) source.content.putImage(name, '1', singleImage)
  expect(await mirror(...names)).toMatchObject({ code: 0 })
})

describe('R12 dist mirror of names that are gone upstream', () => {
  it('costs one HEAD each, after the host has answered a HEAD with 200', async () => {
    for (const name of ['gone', 'lost']) source.script({ path: `/${name}/` }, faults.status(404))
    const from = source.requests.length
    const ended = await mirror(...names)
    expect(ended).toMatchObject({ code: 6 })
    expect(ended.stdout).toContain('1 done (1 up to date), 2 failed')
    expect(requestsSince(from)).toEqual(['HEAD gone', 'HEAD kept', 'HEAD lost'])
  })

  it('is decided by GET at a host that has answered no HEAD with 200', async () => {
    source.script({ method: 'HEAD' }, faults.status(404))
    const from = source.requests.length
    expect(await mirror('kept', 'gone')).toMatchObject({ code: 0 })
    expect(requestsSince(from)).toEqual(['GET gone', 'GET kept', 'HEAD gone', 'HEAD kept'])
  })
})
