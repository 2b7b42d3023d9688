import { setTimeout as delay } from 'node:timers/promises'
import type { S3Store } from '@dist/content-s3'
import { summarizeImage } from '@dist/mirror'
import { type Digest, Digester } from '@dist/oci'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'

const atOnce = 16

/** The digests of all objects in the bucket. Reads each object and asserts that it has the digest of its key. */
export async function verifiedDigests(store: S3Store): Promise<Set<string>> {
  const digests = new Set<Digest>()
  for await (const { digest } of store.content.walk()) digests.add(digest)
  await each([...digests], async (digest) => expect(await hashOf(store, digest)).toBe(digest))
  return digests
}

/** The digests of their configurations and layers. */
export function blobsOf(images: readonly FixtureImage[]): Set<string> {
  const all = images.flatMap((image) => [image, ...image.children])
  return new Set(all.flatMap(({ blobs }) => blobs.map(({ descriptor }) => descriptor.digest)))
}

async function hashOf({ content }: S3Store, digest: Digest): Promise<Digest> {
  const digester = new Digester()
  for await (const chunk of await content.open({ digest })) digester.update(chunk)
  return digester.digest()
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
    }),
  )
}

/** Checks each name as soon as it is visible, and records those whose image is incomplete then. */
export class NameWatch {
  readonly #seen = new Set<string>()
  readonly #early = new Set<string>()
  #stopped = false
  readonly #watching: Promise<void>

  constructor(private readonly store: S3Store) {
    this.#watching = this.#watch()
  }

  /** Stops; resolves to the names that were visible too early. */
  async stop(): Promise<string[]> {
    this.#stopped = true
    await this.#watching
    return [...this.#early]
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      for await (const image of this.store.names.list()) {
        if (this.#seen.has(image.name)) continue
        this.#seen.add(image.name)
        if ((await summarizeImage(image, this.store.content)).missing.length > 0) this.#early.add(image.name)
      }
      await delay(50)
    }
  }
}
