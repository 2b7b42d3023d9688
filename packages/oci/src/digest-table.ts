import { type Digest, encodedOf } from './digest.js'

/** Bytes of a digest that are kept: all of sha256. The few of other algorithms are kept as text, too. */
const width = 32
const firstCapacity = 1024
/** Places of the hash table for each entry. */
const spread = 2

/**
 * Many digests in little memory: about 48 bytes each, outside the heap. Each digest has an index, from 0 in the order in which it
 * was added.
 */
export class DigestTable {
  #size = 0
  #keys = Buffer.alloc(firstCapacity * width)
  /** By hash: the index and one, or 0 for none. */
  #places = new Uint32Array(firstCapacity * spread)
  readonly #long = new Map<number, Digest>()
  readonly #key = Buffer.alloc(width)

  get size(): number {
    return this.#size
  }

  /** The index of a digest, which is added if it is new. */
  add(digest: Digest): number {
    const place = this.#find(digest)
    const found = this.#places[place] ?? 0
    if (found > 0) return found - 1
    const index = this.#size++
    this.#places[place] = index + 1
    this.#key.copy(this.#keys, index * width)
    if (isLong(digest)) this.#long.set(index, digest)
    if (this.#size * width === this.#keys.byteLength) this.#grow()
    return index
  }

  /** The index of a digest; undefined if it was not added. */
  indexOf(digest: Digest): number | undefined {
    const found = this.#places[this.#find(digest)] ?? 0
    return found > 0 ? found - 1 : undefined
  }

  has(digest: Digest): boolean {
    return this.indexOf(digest) !== undefined
  }

  /** The digest with an index below `size`. */
  at(index: number): Digest {
    const start = index * width
    return this.#long.get(index) ?? (`sha256:${this.#keys.toString('hex', start, start + width)}` as Digest)
  }

  /** The place of a digest in the hash table, or the free place where it belongs. Sets `#key`. */
  #find(digest: Digest): number {
    this.#key.write(encodedOf(digest).slice(0, 2 * width), 'hex')
    const mask = this.#places.length - 1
    // A digest is uniformly distributed: a part of it is its hash.
    let place = this.#key.readUInt32LE(0) & mask
    for (;;) {
      const found = this.#places[place] ?? 0
      if (found === 0 || this.#isAt(found - 1, digest)) return place
      place = (place + 1) & mask
    }
  }

  #isAt(index: number, digest: Digest): boolean {
    const start = index * width
    if (this.#key.compare(this.#keys, start, start + width) !== 0) return false
    return this.#long.get(index) === (isLong(digest) ? digest : undefined)
  }

  #grow(): void {
    const keys = Buffer.alloc(this.#keys.byteLength * 2)
    this.#keys.copy(keys)
    this.#keys = keys
    this.#places = new Uint32Array(this.#places.length * 2)
    const mask = this.#places.length - 1
    for (let index = 0; index < this.#size; index++) {
      let place = keys.readUInt32LE(index * width) & mask
      while (this.#places[place] !== 0) place = (place + 1) & mask
      this.#places[place] = index + 1
    }
  }
}

function isLong(digest: Digest): boolean {
  return !digest.startsWith('sha256:')
}
