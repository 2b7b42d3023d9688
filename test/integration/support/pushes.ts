import { digestOf, mediaTypes } from '@dist/oci'
import {
  allContent,
  type FixtureImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  seededLayer,
} from '@dist/testkit/fixtures'
import type { Registry } from '@dist/testkit/servers'
import { expect } from 'vitest'
import { amd64Image } from './images.js'
import { digestsOf, rehash } from './pulls.js'
import type { Workspace } from './workspace.js'

const artifactType = 'application/vnd.example.signature'

/** An artifact that refers to an image, as a signature does. */
export function artifactOf({ descriptor }: FixtureImage, text: string): FixtureImage {
  const config = fixtureBlob('{}', 'application/vnd.oci.empty.v1+json')
  const layer = fixtureBlob(text, artifactType)
  const { mediaType, digest, size } = descriptor
  return documentImage(
    {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: config.descriptor,
      layers: [layer.descriptor],
      subject: { mediaType, digest, size },
    },
    [config, layer],
  )
}

/** An index of one platform with an attestation, as BuildKit makes it. */
export function attestedIndex(): FixtureImage {
  const attestation = ociImage({ layers: [seededLayer('attestation', 500)] })
  const index = imageIndex([amd64Image, attestation])
  const document = JSON.parse(Buffer.from(index.content).toString())
  document.manifests[1].platform = { os: 'unknown', architecture: 'unknown' }
  document.manifests[1].annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': amd64Image.descriptor.digest,
  }
  return documentImage(document, [], index.children)
}

function documentImage(
  document: { readonly mediaType: string; readonly schemaVersion: number } & Record<string, unknown>,
  blobs: FixtureImage['blobs'],
  children: FixtureImage['children'] = [],
): FixtureImage {
  const content = Buffer.from(JSON.stringify(document))
  const descriptor = {
    mediaType: document.mediaType,
    digest: digestOf(content),
    size: content.byteLength,
  }
  return { descriptor, content, blobs, children }
}

/** The registry has the image, byte for byte, for skopeo and for us. */
export async function expectThere(
  workspace: Workspace,
  reference: string,
  image: FixtureImage,
): Promise<void> {
  const raw = await workspace.shell(`skopeo inspect --raw --tls-verify=false docker://${reference}`)
  expect(raw).toMatchObject({ code: 0, stderr: '' })
  expect(raw.bytes).toEqual(Buffer.from(image.content))
  const store = `${workspace.store}-read-back-${image.descriptor.digest.slice(7, 19)}`
  const pulled = await workspace.dist(['pull', '--all-platforms', '--store', store, reference])
  expect(pulled).toMatchObject({ code: 0 })
  expect(await rehash(store)).toEqual(digestsOf(image))
}

/** Every request for a repository since it was last asked here, without ids: `PUT blobs/uploads 201`. */
export async function requestsFor(registry: Registry, repository: string): Promise<string[]> {
  await registry.settled()
  const own = registry.requests().filter(({ path }) => path.startsWith(`/v2/${repository}/`))
  registry.clearRequests()
  return own.map(({ method, path, status }) => {
    const object = path.slice(`/v2/${repository}/`.length)
    const mount = object.includes('mount=') ? ' mount' : ''
    return `${method} ${object.replace(/^blobs\/uploads\/.*/, 'blobs/uploads')}${mount} ${status}`
  })
}

/** What pushing an image asks of a repository that has nothing of it, in no order. */
export function freshRequests(image: FixtureImage, tag: string): string[] {
  const all = allContent(image).map(({ descriptor }) => descriptor)
  const manifests = new Set(manifestsOf(image).map(({ descriptor }) => descriptor.digest))
  return [
    `HEAD manifests/${tag} 404`,
    ...all.flatMap(({ digest }) =>
      manifests.has(digest)
        ? [`PUT manifests/${digest === image.descriptor.digest ? tag : digest} 201`]
        : [`HEAD blobs/${digest} 404`, 'POST blobs/uploads 202', 'PUT blobs/uploads 201'],
    ),
  ].sort()
}

function manifestsOf(image: FixtureImage): FixtureImage[] {
  return [image, ...image.children.flatMap(manifestsOf)]
}
