import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Descriptor, parseManifest } from '@dist/oci'
import { faults, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import {
  amd64Image,
  artifactOf,
  type FixtureImage,
  indexImage,
  ociImage,
  seededLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import { useRegistry } from '../support/servers.js'
import { namesIn } from '../support/store-files.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const target = useRegistry()
const workspace = useWorkspace()

const signature = artifactOf(indexImage, 'a signature')
const sbom = artifactOf(amd64Image, 'an SBOM')
const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
const tagOf = ({ descriptor }: FixtureImage, suffix = '.sig') =>
  `${descriptor.digest.replace(':', '-')}${suffix}`
const artifactType = 'application/vnd.example.signature'

/** A registry with an image and what is attached to it: with the referrers API, or with lists under tags. */
async function upstream(options: { api: boolean; attached?: boolean }): Promise<ScriptedRegistry> {
  const registry = await startRegistry(options.api ? { referrers: 100 } : {})
  registry.content.putImage('app', '1', indexImage)
  if (options.attached !== false) attach(registry, options)
  return registry
}

function attach({ content }: ScriptedRegistry, { api }: { api: boolean }): void {
  for (const [subject, artifact] of [
    [indexImage, signature],
    [amd64Image, sbom],
  ] as const) {
    content.putImage('app', artifact.descriptor.digest, artifact)
    const { mediaType } = indexImage.descriptor
    const list = { schemaVersion: 2, mediaType, manifests: [{ ...artifact.descriptor, artifactType }] }
    if (!api) content.putManifest('app', JSON.stringify(list), mediaType, tagOf(subject, ''))
  }
  content.putImage('app', tagOf(indexImage), cosigned)
}

const entries = (): Descriptor[] =>
  JSON.parse(readFileSync(join(workspace().store, 'index.json'), 'utf8')).manifests
const isNamed = ({ annotations }: Descriptor) =>
  annotations?.['org.opencontainers.image.ref.name'] !== undefined

/** The manifests that refer to a digest, as oras finds them in a layout: by the subjects of all entries. */
function referrersIn(store: string, digest: string): string[] {
  return entries()
    .filter((desc) => {
      const content = readFileSync(join(store, 'blobs', ...desc.digest.split(':')))
      return parseManifest(content, desc.mediaType).subject?.digest === digest
    })
    .map((desc) => desc.digest)
}

it.each([true, false])(
  'what is attached to an image comes with it, stands in the store as oras finds it, and goes on with a push (API: %s)',
  async (api) => {
    await using registry = await upstream({ api })
    const name = `${registry.host}/app:1`
    const pulled = await workspace().dist(['pull', '--referrers', '--all-platforms', name])
    expect(pulled).toMatchObject({ code: 0 })
    expect(referrersIn(workspace().store, indexImage.descriptor.digest)).toEqual([
      signature.descriptor.digest,
    ])
    expect(referrersIn(workspace().store, amd64Image.descriptor.digest)).toEqual([sbom.descriptor.digest])
    expect(entries().filter((desc) => !isNamed(desc))).toHaveLength(2)

    const to = `${target().host}/pushed-${api}/app`
    expect(await workspace().dist(['push', name, `${to}:1`])).toMatchObject({ code: 0 })
    await expectPushed(`${to}:1`, indexImage)
    await expectPushed(`${to}@${signature.descriptor.digest}`, signature)
    await expectPushed(`${to}@${sbom.descriptor.digest}`, sbom)
    await expectPushed(`${to}:${tagOf(indexImage)}`, cosigned)
  },
)

it('what is attached to an image is listed with it, and among the names with --all', async () => {
  await using registry = await upstream({ api: true })
  const name = `${registry.host}/app:1`
  await workspace().dist(['pull', '--referrers', '--all-platforms', name])
  const cosignName = `${registry.host}/app:${tagOf(indexImage)}`
  expect((await workspace().dist(['images', '-q'])).stdout).toBe(`${name}\n`)
  expect((await workspace().dist(['images', '-q', '--all'])).stdout.split('\n')).toContain(cosignName)
  expect(jsonLines((await workspace().dist(['images', '--json'])).stdout)).toHaveLength(1)

  const [inspected] = jsonLines<{ referrers: { digest: string }[] }>(
    (await workspace().dist(['inspect', '--json', name])).stdout,
  )
  expect(inspected?.referrers).toHaveLength(3)
  expect(inspected?.referrers).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ digest: signature.descriptor.digest, artifactType, present: true }),
      expect.objectContaining({ digest: sbom.descriptor.digest, subject: amd64Image.descriptor.digest }),
      expect.objectContaining({ digest: cosigned.descriptor.digest, tag: tagOf(indexImage) }),
    ]),
  )
  const shown = (await workspace().dist(['inspect', name])).stdout
  expect(shown).toContain(`─ ${artifactType}  ${signature.descriptor.digest}`)
  expect(shown).toContain(`─ ${tagOf(indexImage)}  ${cosigned.descriptor.digest}`)
})

it.each([true, false])(
  'a signature that arrives between two runs is found by the second (API: %s)',
  async (api) => {
    await using registry = await upstream({ api, attached: false })
    const name = `${registry.host}/app:1`
    const pull = ['pull', '--json', '--referrers', '--all-platforms', name]
    expect(jsonLines((await workspace().dist(pull)).stdout)).toMatchObject([{ upToDate: false }])
    registry.requests.length = 0
    expect(jsonLines((await workspace().dist(pull)).stdout)).toMatchObject([{ upToDate: true }])
    const { digest } = indexImage.descriptor
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      `GET /v2/app/referrers/${digest}`,
      'GET /v2/app/tags/list',
      'HEAD /v2/app/manifests/1',
    ])
    attach(registry, { api })
    expect(jsonLines((await workspace().dist(pull)).stdout)).toMatchObject([{ upToDate: false }])
    expect(referrersIn(workspace().store, digest)).toEqual([signature.descriptor.digest])
    expect(referrersIn(workspace().store, amd64Image.descriptor.digest)).toEqual([sbom.descriptor.digest])
    expect(await namesIn(workspace().store)).toContain(`${registry.host}/app:${tagOf(indexImage)}`)
    expect(jsonLines((await workspace().dist(pull)).stdout)).toMatchObject([{ upToDate: true }])
  },
)

it('an image is visible only with its signatures', async () => {
  await using registry = await upstream({ api: true })
  const name = `${registry.host}/app:1`
  const pull = ['pull', '--referrers', '--all-platforms', name]
  for (const { descriptor } of [signature, cosigned]) {
    registry.script({ path: `/manifests/${descriptor.digest}` }, faults.status(403), { times: 1 })
    expect((await workspace().dist(pull)).code).not.toBe(0)
    expect(await namesIn(workspace().store)).toEqual([])
  }
  expect(await workspace().dist(pull)).toMatchObject({ code: 0 })
  expect(await namesIn(workspace().store)).toHaveLength(2)
})

it('with --artifact-type only those referrers come', async () => {
  await using registry = await upstream({ api: true })
  const name = `${registry.host}/app:1`
  const other = ['pull', '--artifact-type', 'application/x', name]
  expect(await workspace().dist(other)).toMatchObject({ code: 0 })
  expect(entries()).toHaveLength(1)
  expect(await workspace().dist(['pull', '--artifact-type', artifactType, name])).toMatchObject({ code: 0 })
  expect(entries().filter((desc) => !isNamed(desc))).toHaveLength(2)
  expect(entries()).toHaveLength(3)
})

it('an archive takes them to another store', async () => {
  await using registry = await upstream({ api: true })
  const name = `${registry.host}/app:1`
  const archive = join(workspace().root, 'images.tar')
  await workspace().dist(['pull', '--referrers', '--all-platforms', name])
  expect(await workspace().dist(['export', '-o', archive, name])).toMatchObject({ code: 0 })
  const before = entries()
  const other = join(workspace().root, 'other')
  const imported = await workspace().dist(['import', '--store', other, archive])
  expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining(tagOf(indexImage)) })
  const after: Descriptor[] = JSON.parse(readFileSync(join(other, 'index.json'), 'utf8')).manifests
  expect(new Set(after.map(({ digest }) => digest))).toEqual(new Set(before.map(({ digest }) => digest)))
  const inspected = async (store: string) =>
    (await workspace().dist(['inspect', '--json', '--store', store, name])).stdout
  expect(await inspected(other)).toBe(await inspected(workspace().store))
})

it('referrers stay as long as their image: tag shares them, and the last name takes them along', async () => {
  await using registry = await upstream({ api: true })
  const name = `${registry.host}/app:1`
  await workspace().dist(['pull', '--referrers', '--all-platforms', name])
  const refused = await workspace().dist(['delete', signature.descriptor.digest])
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain(name)
  expect(await workspace().dist(['tag', name, `${registry.host}/app:2`])).toMatchObject({ code: 0 })
  expect(await workspace().dist(['images', 'rm', name])).toMatchObject({ code: 0 })
  expect(entries()).toHaveLength(4)
  expect(await workspace().dist(['images', 'rm', `${registry.host}/app:2`])).toMatchObject({ code: 0 })
  expect(entries()).toEqual([])
})

it('mirror brings them into a store with --referrers, many images for one listing of the tags', async () => {
  await using registry = await startRegistry()
  const images = [0, 1, 2, 3].map((i) => ociImage({ layers: [seededLayer(`image ${i}`, 500)] }))
  const names = images.map((image, i) => {
    registry.content.putImage('many', `${i}`, image)
    return `${registry.host}/many:${i}`
  })
  registry.content.putImage('many', tagOf(images[2] ?? singleImage), cosigned)
  expect(await workspace().dist(['mirror', '--referrers', ...names])).toMatchObject({ code: 0 })
  expect(await namesIn(workspace().store)).toHaveLength(5)
  registry.requests.length = 0
  expect(await workspace().dist(['mirror', '--referrers', ...names])).toMatchObject({ code: 0 })
  const paths = registry.requests
    .map(({ method, path }) => `${method} ${path.replace(/sha256.*/, 'x')}`)
    .sort()
  // The images that begin at the same time each ask for the API that is missing.
  expect(new Set(paths).size).toBe(7)
  expect(paths.filter((path) => !path.includes('referrers'))).toEqual([
    'GET /v2/many/tags/list',
    ...[0, 1, 2, 3].map((i) => `HEAD /v2/many/manifests/${i}`),
    'HEAD /v2/many/manifests/x',
  ])
})
