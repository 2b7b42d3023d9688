import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ociImage, pushImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { freePort, registryUser } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { requestsFor } from '../support/requests.js'
import { useRegistry } from '../support/servers.js'
import { usePulledStore, useWorkspace } from '../support/workspace.js'

const large = ociImage({ layers: [seededLayer('large', 9_000_000), seededLayer('small', 1000)] })
const upstream = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'large', '1', large)
})
const registry = useRegistry()
const guarded = useRegistry(async () => {}, { auth: true })
const workspace = useWorkspace()

let repositories = 0
/** An unused repository. */
const fresh = () => `fresh-${++repositories}`
const from = (name: string) => `${upstream().host}/${name}`
const to = (name: string) => `${registry().host}/${name}`

usePulledStore(workspace, () => ['single:1', 'large:1'].map(from))

describe('a push that cannot be', () => {
  it('3: of an image that is not in the store', async () => {
    expect(await workspace().dist(['push', to('none:1')])).toMatchObject({ code: 3, stdout: '' })
  })

  it('2: to another digest than what goes there, and nothing is asked', async () => {
    const args = ['push', from('single:1'), to(`x@sha256:${'a'.repeat(64)}`)]
    const ended = await workspace().dist(args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(singleImage.descriptor.digest)
    expect(await requestsFor(registry(), 'x')).toEqual([])
  })

  it('1: to an address without a server', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const ended = await workspace().dist(['push', from('single:1'), `${host}/a:1`])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain(host)
  })

  it('4: to a registry that wants a login, unless it gets one', async () => {
    const { host } = guarded()
    const there = `${host}/${fresh()}:t`
    const refused = await workspace().dist(['push', from('single:1'), there])
    expect(refused).toMatchObject({ code: 4, stdout: '' })
    expect(refused.stderr).toContain(`${host} requires user and password`)
    const { name, password } = registryUser
    const auth = Buffer.from(`${name}:${password}`).toString('base64')
    const authfile = workspace().file('auth.json', JSON.stringify({ auths: { [host]: { auth } } }))
    const args = ['push', '--authfile', authfile, from('single:1'), there]
    expect(await workspace().dist(args)).toMatchObject({ code: 0 })
    const resolved = await workspace().dist(['resolve', '--authfile', authfile, there])
    expect(resolved.stdout).toContain(singleImage.descriptor.digest)
  })

  it('5: of a layer that is damaged in the store: nothing is visible, and what to do is said', async () => {
    for (const [name, image] of [
      ['single:1', singleImage],
      ['large:1', large],
    ] as const) {
      const layer = image.blobs.find(({ descriptor }) => descriptor.size > 1_000_000)?.descriptor.digest ?? ''
      const file = join(workspace().store, 'blobs', 'sha256', layer.slice('sha256:'.length))
      const bytes = readFileSync(file)
      bytes[500_000] = (bytes[500_000] ?? 0) ^ 1
      chmodSync(file, 0o644)
      writeFileSync(file, bytes)
      const repository = fresh()
      const ended = await workspace().dist(['push', from(name), to(`${repository}:t`)])
      expect(ended).toMatchObject({ code: 5, stdout: '' })
      expect(ended.stderr).toContain(layer)
      expect(ended.stderr).toContain(`dist verify ${from(name)}`)
      for (const object of ['manifests/t', `blobs/${layer}`])
        expect((await fetch(`${registry().url}/v2/${repository}/${object}`)).status).toBe(404)
    }
  })
})
