import {
  type ContentStore,
  copyContent,
  createStore,
  type Image,
  MemoryDriver,
  MemoryNames,
  type Names,
  type Selection,
} from '@dist/content'
import { bareDescriptor, type Digest } from '@dist/oci'
import { allContent, type FixtureBlob, type FixtureImage } from '@dist/testkit/fixtures'

/** A store in memory, and its content. */
export class TestStore {
  readonly driver = new MemoryDriver()
  readonly content: ContentStore = createStore(this.driver)
  readonly names: Names = new MemoryNames()

  /** Adds an image, completely or only the listed content, and publishes it. */
  async add(
    name: string,
    image: FixtureImage,
    { selection = 'all', content = allContent(image) }: AddOptions = {},
  ): Promise<Image> {
    for (const blob of content) await this.put(blob)
    const published = { name, desc: bareDescriptor(image.descriptor), selection }
    await this.names.put(published)
    return published
  }

  async put({ descriptor, open }: FixtureBlob): Promise<void> {
    const found = await this.content.info(descriptor.digest).catch(() => undefined)
    if (found !== undefined) return
    await using writer = await this.content.writer(`test-${descriptor.digest}`, descriptor)
    await copyContent(writer, toAsync(open()))
  }

  /** Replaces the bytes of content without the store. */
  async damage(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.driver.delete(digest)
    const draft = await this.driver.draft('damage', {})
    await draft.append(bytes)
    await draft.commit(digest, bytes.byteLength)
  }

  async digests(): Promise<string[]> {
    const digests: string[] = []
    for await (const { digest } of this.content.walk()) digests.push(digest)
    return digests.sort()
  }

  async images(): Promise<Image[]> {
    const images: Image[] = []
    for await (const image of this.names.list()) images.push(image)
    return images.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

interface AddOptions {
  selection?: Selection | undefined
  content?: readonly FixtureBlob[] | undefined
}

export async function* toAsync(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* chunks
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** The digests of an image and all below it, sorted. */
export function digestsOf(...images: readonly FixtureImage[]): string[] {
  const all = images.flatMap((image) => allContent(image).map(({ descriptor }) => descriptor.digest))
  return [...new Set(all)].sort()
}
