import { type FixtureImage, imageIndex, ociImage, seededLayer, tarLayer } from '@dist/testkit/fixtures'
import { type Registry, type RegistryOptions, startRegistry } from '@dist/testkit/servers'
import { afterAll, beforeAll } from 'vitest'

/** One registry for all tests of a file. */
export function useRegistry(
  fill: (registry: Registry) => Promise<void> = async () => {},
  options: RegistryOptions = {},
): () => Registry {
  let registry: Registry | undefined
  beforeAll(async () => {
    registry = await startRegistry(options)
    await fill(registry)
  })
  afterAll(() => registry?.stop())
  return () => {
    if (registry === undefined) throw new Error('outside of a test')
    return registry
  }
}

/** An image of one platform: two small layers, and one that is large enough to come in pieces. */
export const singleImage: FixtureImage = ociImage({
  layers: [
    tarLayer([{ path: 'etc/hostname', content: 'single\n' }]),
    tarLayer([{ path: 'etc/motd', content: 'hello\n' }]),
    seededLayer('single', 1_500_000),
  ],
})

/** An index of two platforms that share a layer. */
export const sharedLayer = tarLayer([{ path: 'etc/shared', content: 'shared\n' }])
export const amd64Image: FixtureImage = ociImage({ layers: [sharedLayer] })
export const arm64Image: FixtureImage = ociImage({
  layers: [sharedLayer, tarLayer([{ path: 'etc/arm', content: 'arm\n' }])],
  platform: { os: 'linux', architecture: 'arm64' },
})
export const indexImage: FixtureImage = imageIndex([amd64Image, arm64Image])
