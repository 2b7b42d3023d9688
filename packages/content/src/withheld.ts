import { createHash } from 'node:crypto'
import { formatImage, parseImage } from './image-document.js'
import type { Notes } from './leases/notes.js'
import type { Image } from './names.js'

const folder = 'withheld'

/** The images of a store that are unpublished until their content is repaired. */
export class Withheld {
  constructor(private readonly notes: Notes) {}

  /** Durable when it resolves. */
  async add(image: Image): Promise<void> {
    await this.notes.put(keyOf(image.name), formatImage(image), { durable: true })
  }

  /** Undefined if it is not withheld. */
  async get(name: string): Promise<Image | undefined> {
    const key = keyOf(name)
    const content = await this.notes.get(key)
    return content === undefined ? undefined : parseImage(content, `${this.notes.url}/${key}`)
  }

  async *list(): AsyncIterable<Image> {
    for await (const { key } of this.notes.list(folder)) {
      const content = await this.notes.get(key)
      if (content !== undefined) yield parseImage(content, `${this.notes.url}/${key}`)
    }
  }

  /** Removes an image that may not be withheld. */
  async remove(name: string): Promise<void> {
    await this.notes.delete(keyOf(name))
  }
}

function keyOf(name: string): string {
  return `${folder}/${createHash('sha256').update(name).digest('hex')}.json`
}
