import { digestsOf, type FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'
import type { Cluster } from './cluster.js'
import { verifiedDigests } from './published.js'

interface Described {
  readonly descriptor: { readonly digest: string }
}

/** Puts images into the cluster's registry. Returns their references. */
export function put(cluster: Cluster, repository: string, images: readonly FixtureImage[]): string[] {
  return images.map((image, i) => {
    cluster.registry.content.putImage(repository, `v${i}`, image)
    return `${cluster.registry.host}/${repository}:v${i}`
  })
}

/** Matches the requests for the content. */
export function requestsFor({ descriptor }: Described): { method: string; path: string } {
  return { method: 'GET', path: descriptor.digest }
}

/** Asserts that the bucket has exactly these images under these names, and that no name was visible too early. */
export async function expectPublished(
  cluster: Cluster,
  references: readonly string[],
  images: readonly FixtureImage[],
): Promise<void> {
  expect(await cluster.watchNames().stop()).toEqual([])
  expect(await cluster.names()).toEqual(
    Object.fromEntries(references.map((name, i) => [name, images[i]?.descriptor.digest])),
  )
  expect(await verifiedDigests(cluster.store)).toEqual(new Set(digestsOf(...images)))
}

/** Asserts that the run ends done, and what `expectPublished` asserts. */
export async function expectDone(
  cluster: Cluster,
  run: string,
  references: readonly string[],
  images: readonly FixtureImage[],
): Promise<void> {
  const total = references.length
  expect(await cluster.ended(run)).toMatchObject({ state: 'done', images: { total, done: total, failed: 0 } })
  await expectPublished(cluster, references, images)
}
