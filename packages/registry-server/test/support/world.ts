import {
  createStore,
  formatImage,
  type Image,
  MemoryDriver,
  MemoryNames,
  type Names,
  type Selection,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { Documents } from '../../src/published/documents.js'
import { Published } from '../../src/published/published.js'

/** A store in memory, what is published of it, and a clock. */
export class World {
  readonly driver = new MemoryDriver()
  readonly content = createStore(this.driver)
  readonly names = new MemoryNames()
  /** What was asked of names, in order. */
  readonly asked: string[] = []
  readonly problems: string[] = []
  /** Set while the store does not answer. */
  failure: Error | undefined
  /** Names whose documents cannot be read. */
  readonly unreadable = new Set<string>()
  time = 1_000_000
  /** How often content was read. */
  reads = 0

  readonly provider = {
    open: async (...args: Parameters<typeof this.content.open>) => {
      this.reads++
      return this.content.open(...args)
    },
  }

  readonly published = new Published(
    {
      names: this.#asking(),
      documents: new Documents(this.provider, 1_000_000),
      refresh: 30_000,
      onProblem: (subject) => this.problems.push(subject),
      now: () => this.time,
    },
    1_000_000,
  )

  async put(image: FixtureImage): Promise<void> {
    for (const { descriptor, open } of allContent(image)) {
      await using writer = await this.content.writer(descriptor.digest, {})
      for (const chunk of open()) await writer.write(new Uint8Array(chunk))
      await writer.commit()
    }
  }

  /** Stores and publishes an image. */
  async publish(name: string, image: FixtureImage, more: Partial<Image> = {}): Promise<void> {
    await this.put(image)
    await this.names.put(imageOf(name, image, more.selection ?? 'all', more))
  }

  #asking(): Pick<Names, 'get' | 'list' | 'scan'> {
    const ask = (what: string) => {
      this.asked.push(what)
      if (this.failure !== undefined) throw this.failure
    }
    const { names } = this
    return {
      get: async (name) => {
        ask(name)
        if (this.unreadable.has(name)) throw new DistError('MALFORMED', 'not JSON')
        return names.get(name)
      },
      list: () => names.list(),
      async *scan(prefix) {
        ask(`${prefix}*`)
        for await (const image of names.list())
          if (image.name.startsWith(prefix)) yield { name: image.name, version: digestOf(formatImage(image)) }
      },
    }
  }
}

export function imageOf(
  name: string,
  { descriptor }: FixtureImage,
  selection: Selection = 'all',
  more: Partial<Image> = {},
): Image {
  const { mediaType, digest, size } = descriptor
  return { name, desc: { mediaType, digest, size }, selection, ...more }
}
