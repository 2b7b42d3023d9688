import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { perTest } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const layer = seededLayer('passes a proxy', 300_000)
const image = ociImage({ layers: [layer] })
const { digest } = layer.descriptor
const workspace = useWorkspace()
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', '1', image)
  return registry
})

const reference = () => `${registry().host}/app:1`
const byDigest = () => `${registry().host}/app@${image.descriptor.digest}`
const gets = (object: string) => registry().received({ method: 'GET', path: object }).length
const digestsIn = (line: string) => line.match(/sha256:[0-9a-f]{64}/g) ?? []

describe.each(['pull', 'mirror'])('dist %s', (command) => {
  it('fetches a blob that does not verify once more, from the start', async () => {
    registry().script({ path: `/blobs/${digest}` }, faults.flippedByte(1_000), { times: 1 })
    const ended = await workspace().dist([command, reference()])
    expect(ended.code, ended.stderr).toBe(0)
    expect(gets(digest)).toBe(2)
  })

  it.each([
    ['by tag', reference],
    ['by digest', byDigest],
  ])('asks for a manifest that does not verify once more (%s)', async (_, name) => {
    registry().script({ path: '/manifests/' }, faults.flippedByte(40), { times: 1 })
    const ended = await workspace().dist([command, name()])
    expect(ended.code, ended.stderr).toBe(0)
    expect(gets('/manifests/')).toBe(2)
  })

  it('then fails, and names host, expected and actual digest, each once', async () => {
    registry().script({ path: `/blobs/${digest}` }, faults.flippedByte(1_000))
    const ended = await workspace().dist([command, '--json', byDigest()])
    expect(ended.code).toBe(5)
    expect(gets(digest)).toBe(2)
    const [line = ''] = ended.stderr.split('\n').filter((text) => text.includes('does not verify'))
    expect(line).toContain(`${digest}: does not verify (${registry().host}): the content has digest sha256:`)
    expect(new Set(digestsIn(line)).size).toBe(digestsIn(line).length)
    const [failed] = jsonLines<{ code: string; error: string }>(ended.stdout)
    expect(failed).toMatchObject({
      code: 'FAILED_PRECONDITION',
      error: expect.stringContaining(registry().host),
    })
  })

  it('says the same of a manifest', async () => {
    registry().script({ path: '/manifests/' }, faults.flippedByte(40))
    const ended = await workspace().dist([command, byDigest()])
    expect(ended.code).toBe(5)
    const [line = ''] = ended.stderr.split('\n').filter((text) => text.includes('does not verify'))
    expect(line).toContain(`does not verify (${registry().host}): actual digest sha256:`)
    expect(digestsIn(line)).toHaveLength(2)
    expect(new Set(digestsIn(line)).size).toBe(2)
  })
})
