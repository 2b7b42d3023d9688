import { type Fault, faults, reply, type ScriptedRegistry } from '@dist/testkit'
import { indexImage, ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useLines } from '../support/lines.js'
import { expectWhole, HEAD, holding, registry } from '../support/odd-registry.js'
import { useServedQueue } from '../support/services-queue.js'
import { jsonLines } from '../support/workspace.js'

const { run } = useLines()
const dist = (...args: string[]) => run(args)

describe('R29 a mount', () => {
  const shared = ociImage({ layers: [seededLayer('shared', 20_000)] })

  it.each([
    ...[200, 201, 204, 400, 401, 403, 404, 405, 413, 500, 503].map((code): [string, Fault] => [
      String(code),
      faults.status(code, {}, ''),
    ]),
    ['a redirect', faults.redirect('/elsewhere', 302)],
    ['a closed connection', faults.closed()],
  ] as [string, Fault][])('that is answered %s is followed by an upload', async (_, fault) => {
    const at = await registry({ mounts: false, strict: true })
    at.content.putImage('app', '1', shared)
    at.script({ method: 'POST' }, async (request, proper) =>
      request.query.has('mount') ? fault(request, proper) : proper(),
    )
    const copied = await dist('copy', `${at.host}/app:1`, `${at.host}/copied:t`)
    expect(copied).toMatchObject({ code: 0 })
    expectWhole(at, 'copied', shared)
  })
})

describe('R33 a registry that lacks blobs that it reports as present', () => {
  const image = ociImage({ layers: [seededLayer('first', 20_000), seededLayer('large', 5_000_000)] })
  const layers = image.blobs.map(({ descriptor }) => descriptor)
  const sent = (at: ScriptedRegistry) =>
    at.received({ method: 'PUT', path: '/blobs/uploads/' }).map(({ query }) => query.get('digest'))

  /** Its index of blobs lists more than its storage has. */
  async function lossy(lost = layers): Promise<ScriptedRegistry> {
    const at = await registry({ strict: true })
    for (const { digest, size } of lost)
      at.script({ ...HEAD, path: digest }, () => reply(200, { 'content-length': size }))
    return at
  }

  it('gets them from dist push, dist copy and dist mirror --to, each once', async () => {
    const source = await holding(image)
    const name = `${source.host}/app:1`
    await dist('pull', name)
    for (const command of ['push', 'copy']) {
      const at = await lossy()
      expect(await dist(command, name, `${at.host}/there:t`)).toMatchObject({ code: 0 })
      expectWhole(at, 'there', image)
      expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
    }
    const at = await lossy()
    expect(await dist('mirror', '--to', `${at.host}/m`, name)).toMatchObject({ code: 0 })
    expect(at.content.find('m/app', 'manifests', '1')?.digest).toBe(image.descriptor.digest)
    expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
  })

  it('gets only those that it names', async () => {
    const source = await holding(image)
    const at = await lossy(layers.slice(1, 2))
    expect(await dist('copy', `${source.host}/app:1`, `${at.host}/there:t`)).toMatchObject({ code: 0 })
    expect(sent(at).sort()).toEqual(layers.map(({ digest }) => digest).sort())
  })

  it('is reported with the blobs that it still lacks, and nothing is tagged', async () => {
    const source = await holding(image)
    const at = await lossy()
    const lost = layers[1]?.digest ?? ''
    const errors = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry', detail: lost }]
    at.script({ method: 'PUT', path: '/manifests/' }, faults.status(400, {}, JSON.stringify({ errors })))
    const ended = await dist('copy', `${source.host}/app:1`, `${at.host}/there:t`)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain(
      `(MANIFEST_BLOB_UNKNOWN: blob unknown to registry); it lacks ${lost}, although it was sent twice`,
    )
    expect(ended.stderr.split(lost)).toHaveLength(2)
    expect(sent(at)).toEqual([lost])
    expect(at.content.find('there', 'manifests', 't')).toBeUndefined()
  })
})

describe('by a queue', () => {
  const queue = useServedQueue()

  it('R29 a registry that allows pushes but no reads gets images', async () => {
    const source = await holding(indexImage)
    const destination = await registry({ strict: true })
    for (const method of ['HEAD', 'GET']) destination.script({ method }, faults.status(403))
    const args = ['mirror', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    expect(await queue().dist(args)).toMatchObject({ code: 0 })
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
    expect(await dist(...args)).toMatchObject({ code: 0 })
  })

  it('R33 blobs that a registry lacks, although it reports them, are sent once more', async () => {
    const source = await holding(indexImage)
    const destination = await registry({ strict: true })
    const { descriptor } = indexImage.children[0]?.blobs[1] ?? singleImage
    destination.script({ ...HEAD, path: descriptor.digest }, () =>
      reply(200, { 'content-length': descriptor.size }),
    )
    const args = ['mirror', '--json', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const ended = await queue().dist(args)
    expect(ended).toMatchObject({ code: 0 })
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
    expect(destination.content.find('m/app', 'blobs', descriptor.digest)).toBeDefined()
  })

  it('R29 registries that refuse every optional request get their images', async () => {
    const source = await holding(indexImage)
    const destination = await registry()
    source.script({ path: '/referrers/' }, faults.status(503))
    for (const each of [source, destination]) each.script(HEAD, faults.status(403))
    const args = ['mirror', '--json', '--to', `${destination.host}/m`, `${source.host}/app:1`]
    const ended = await queue().dist(args)
    expect(ended).toMatchObject({ code: 0 })
    expect(jsonLines(ended.stdout)[0]).toMatchObject({
      state: 'done',
      remarks: [expect.stringContaining('failed (503)')],
    })
    for (const { descriptor } of indexImage.children)
      expect(destination.content.find('m/app', 'manifests', descriptor.digest)).toBeDefined()
    expect(destination.content.find('m/app', 'manifests', '1')?.digest).toBe(indexImage.descriptor.digest)
  })
})
