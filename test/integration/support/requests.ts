import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import type { LoggedRequest, Registry } from '@dist/testkit/servers'

/** What was asked of a repository's manifests and blobs since it was last asked here. */
export async function newRequests(registry: Registry): Promise<LoggedRequest[]> {
  await registry.settled()
  const requests = registry.requests().filter(({ path }) => /\/(manifests|blobs)\//.test(path))
  registry.clearRequests()
  return requests
}

/** How often each digest was asked for with GET. */
export function getsByDigest(requests: readonly { method: string; path: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { method, path } of requests) {
    const object = path.slice(path.lastIndexOf('/') + 1)
    if (method === 'GET' && object.includes(':')) counts.set(object, (counts.get(object) ?? 0) + 1)
  }
  return counts
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
