import type { Image } from '@dist/content'
import type { Change } from './change.js'
import type { IndexFile } from './index-file.js'

/** The published names: those of an `index.json` with the changes of the journal. */
export class Published {
  readonly #changed = new Map<string, Image | undefined>()

  #isStale = false

  constructor(readonly index: IndexFile) {}

  /** The images that differ from the index; undefined is a removed name. */
  get changed(): ReadonlyMap<string, Image | undefined> {
    return this.#changed
  }

  get(name: string): Image | undefined {
    return this.#changed.has(name) ? this.#changed.get(name) : this.index.get(name)
  }

  /** The images as they are now; changes during the iteration are not seen. Throws `MALFORMED`. */
  *list(): Iterable<Image> {
    const { index } = this
    const changed = new Map(this.#changed)
    for (const name of index.names()) {
      const image = changed.has(name) ? changed.get(name) : index.get(name)
      if (image !== undefined) yield image
    }
    for (const [name, image] of changed) if (image !== undefined && !index.has(name)) yield image
  }

  /** The names that begin with a text, as they are now. Their entries can be unreadable. */
  names(prefix: string): string[] {
    const found: string[] = []
    for (const name of this.index.names())
      if (name.startsWith(prefix) && !this.#changed.has(name)) found.push(name)
    for (const [name, image] of this.#changed)
      if (image !== undefined && name.startsWith(prefix)) found.push(name)
    return found
  }

  /** Whether changes of the journal were left out. No line may be added to such a journal. */
  get isStale(): boolean {
    return this.#isStale
  }

  /**
   * Applies changes of the journal. Each names the digest that its name had before. If the name has another one, the change
   * is left out: the index has it already, or another tool changed the name in the index since. So a journal changes
   * nothing that the index has from it: of the changes of one name, those after the state in the index match again, one
   * after another.
   */
  apply(changes: readonly Change[]): void {
    for (const { name, was, image } of changes) {
      if (this.get(name)?.desc.digest === was) this.#changed.set(name, image)
      else this.#isStale = true
    }
  }
}
