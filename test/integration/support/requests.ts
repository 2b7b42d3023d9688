import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import type { LoggedRequest, Registry } from '@dist/testkit/servers'

/** The requests for manifests and blobs since the last call. */
export async function newRequests(registry: Registry): Promise<LoggedRequest[]> {
  await registry.settled()
  const requests = registry.requests().filter(({ path }) => /\/(manifests|blobs)\//.test(path))
  registry.clearRequests()
  return requests
}

/** The number of GETs for each digest. */
export function getsByDigest(requests: readonly { method: string; path: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { method, path } of requests) {
    const object = path.slice(path.lastIndexOf('/') + 1)
    if (method === 'GET' && object.includes(':')) counts.set(object, (counts.get(object) ?? 0) + 1)
  }
  return counts
}

/** The requests for a repository since the last call, without upload ids: `PUT blobs/uploads 201`. */
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

/** The requests of a push of an image to an empty repository, sorted. */
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
