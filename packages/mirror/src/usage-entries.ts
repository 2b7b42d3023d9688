import type { Store } from '@dist/content'
import type { Descriptor, Digest } from '@dist/oci'
import { type Amount, add, none, type Sum } from './amount.js'
import { Owners, several } from './owners.js'

/** What the images of an entry of a mirror file take. An image that several entries have published belongs to each of them. */
export interface EntryUsage {
  /** Undefined: all images of which no entry has a ledger. */
  readonly entry?: string | undefined
  readonly images: number
  /** Everything that they need, as their manifests say. */
  readonly all: Amount
  /** Stored content that no image of another entry needs. */
  readonly own: Amount
}

interface Group {
  readonly entry: string | undefined
  images: number
  readonly all: Sum
  readonly own: Sum
  /** The content that is counted in `all`. */
  readonly counted: Set<number>
}

/** Counts what the images of each entry need whose ledger a store has. */
export class EntryCounts {
  readonly #owners = new Owners()
  /** The first one is for the images of no entry. */
  readonly #groups = [newGroup(undefined)]
  /** The places of the groups of each name. */
  readonly #groupsOf = new Map<string, number[]>()

  static async open({ ledgers }: Pick<Store, 'ledgers'>): Promise<EntryCounts> {
    const counts = new EntryCounts()
    for await (const { entry, names } of ledgers.list()) counts.#addGroup(entry, names.keys())
    return counts
  }

  /** Adds an image with what it needs. */
  addImage(name: string | undefined, descs: readonly Descriptor[]): void {
    for (const index of this.#groupsOf.get(name ?? '') ?? [0]) {
      const group = this.#groups[index] ?? newGroup(undefined)
      group.images++
      for (const { digest, size } of descs) {
        const content = this.#owners.claim(digest, index)
        if (!group.counted.has(content)) add(group.all, size)
        group.counted.add(content)
      }
    }
  }

  /** Adds stored content, after all images. */
  addStored(digest: Digest, size: number): void {
    const owner = this.#owners.of(digest) ?? several
    const group = owner === several ? undefined : this.#groups[owner]
    if (group !== undefined) add(group.own, size)
  }

  usages(): EntryUsage[] {
    const found = this.#groups.filter(({ entry, images }) => entry !== undefined || images > 0)
    return found.map(({ counted: _, ...usage }) => usage)
  }

  #addGroup(entry: string, names: Iterable<string>): void {
    const index = this.#groups.push(newGroup(entry)) - 1
    for (const name of names) this.#groupsOf.set(name, [...(this.#groupsOf.get(name) ?? []), index])
  }
}

function newGroup(entry: string | undefined): Group {
  return { entry, images: 0, all: none(), own: none(), counted: new Set() }
}
