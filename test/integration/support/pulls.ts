import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { hostPlatform } from '@dist/oci'
import { allContent, type FixtureImage, ociImage, seededLayer } from '@dist/testkit/fixtures'
import type { LoggedRequest, Registry } from '@dist/testkit/servers'
import { amd64Image, arm64Image } from './images.js'

/** Of the two platforms, the one that a pull takes by itself on this machine. */
export const [ownImage, otherImage] =
  hostPlatform().architecture === 'arm64' ? [arm64Image, amd64Image] : [amd64Image, arm64Image]

/** Large enough that worker threads carry it: a little more than 96 MiB. */
export const largeImage: FixtureImage = ociImage({
  layers: [1, 2, 3, 4].map((i) => seededLayer(`large-${i}`, 25 * 1024 * 1024)),
})

/** Digests of these and of everything below them, sorted, each once. */
export function digestsOf(...images: readonly FixtureImage[]): string[] {
  return [
    ...new Set(images.flatMap((image) => allContent(image).map(({ descriptor }) => descriptor.digest))),
  ].sort()
}

/**
 * The digests of a store's files, sorted, each hashed anew without any of the store's own code. Throws when a file
 * is not what its name says, or is no content at all.
 */
export async function rehash(store: string): Promise<string[]> {
  const folder = join(store, 'blobs', 'sha256')
  const digests: string[] = []
  for (const name of await readdir(folder)) {
    const hash = createHash('sha256')
    await pipeline(createReadStream(join(folder, name)), hash)
    const found = hash.digest('hex')
    if (found !== name) throw new Error(`${name} has digest ${found}`)
    digests.push(`sha256:${name}`)
  }
  return digests.sort()
}

/** Locks and writes under way that are left in a store. */
export async function leftovers(store: string): Promise<string[]> {
  const inside = async (folder: string) =>
    (await readdir(join(store, folder), { recursive: true })).map((name) => `${folder}/${name}`)
  return [...(await inside('locks')), ...(await inside('ingest'))]
}

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
