import { hasChildren } from '@dist/oci'
import { type Fault, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { artifactOf, imageIndex, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const old = ociImage({ layers: [seededLayer('old', 1000)] })
const platforms = ['amd64', 'arm64'].map((architecture) =>
  ociImage({ layers: [seededLayer(architecture, 1000)], platform: { os: 'linux', architecture } }),
)
const image = imageIndex(platforms)
const signature = artifactOf(image, 'signature')

/** The digest of the tag, after a check that everything below it exists. */
function proven({ content }: ScriptedRegistry, object = 't'): string | undefined {
  const held = content.find('app', 'manifests', object)
  if (held === undefined) return undefined
  const { config, layers = [], manifests = [] } = JSON.parse(Buffer.from(held.content).toString())
  for (const { digest, mediaType } of [...(config === undefined ? [] : [config]), ...layers, ...manifests])
    if (hasChildren(mediaType)) expect(proven({ content } as ScriptedRegistry, digest)).toBe(digest)
    else expect(content.find('app', 'blobs', digest)).toBeDefined()
  return held.digest
}

it('after a kill before any write to the registry, readers get the old image or the complete new one (S16)', async () => {
  await using source = await startRegistry({ referrers: 100 })
  source.content.putImage('app', 't', image)
  source.content.putImage('app', signature.descriptor.digest, signature)
  let kills = 0
  for (let whole = false; !whole; kills++) {
    await using registry = await startRegistry({ referrers: 100 })
    registry.content.putImage('app', 't', old)
    let kill = () => {}
    const match = { path: /\/(uploads|manifests)\// }
    let before = kills
    registry.script(match, (request, proper) => {
      if (!/^(POST|PUT)$/.test(request.method) || before-- > 0) return proper()
      kill()
      return new Promise(() => {})
    })
    const args = ['copy', `${source.host}/app:t`, `${registry.host}/app:t`]
    const running = workspace().start(args)
    kill = () => void running.child.kill('SIGKILL')
    const { code } = await running.ended
    whole = code === 0
    expect(proven(registry)).toBe((whole ? image : old).descriptor.digest)
    if (whole) expect(proven(registry, signature.descriptor.digest)).toBe(signature.descriptor.digest)
  }
  // Blobs, child manifests, the index, the signature and the tag at least.
  expect(kills).toBeGreaterThan(10)
})

it('SIGINT during an upload: 130, no tag; the next push sends the rest', async () => {
  const large = ociImage({ layers: [seededLayer('large', 9_000_000), seededLayer('small', 1000)] })
  await using source = await startRegistry()
  source.content.putImage('app', 't', large)
  await using registry = await startRegistry()
  await workspace().dist(['pull', `${source.host}/app:t`])
  const args = ['push', `${source.host}/app:t`, `${registry.host}/app:t`]
  const hanging: Fault = ({ headers }, proper) =>
    Number(headers['content-length']) > 1_000_000 ? new Promise(() => {}) : proper()
  registry.script({ method: 'PUT', path: '/uploads/' }, hanging, { times: 3 })
  const running = workspace().start(args)
  await registry.requested({ method: 'PUT', path: '/uploads/' }, 3)
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, stdout: '' })
  expect(registry.content.find('app', 'manifests', 't')).toBeUndefined()
  const sent = registry.received({ method: 'PUT' }).length
  expect(await workspace().dist(args)).toMatchObject({ code: 0 })
  expect(proven(registry)).toBe(large.descriptor.digest)
  // The layer that was cut off, and the manifest.
  expect(registry.received({ method: 'PUT' }).length - sent).toBe(2)
})
