import { type Digest, DigestTable } from '@dist/oci'

/** The owner of content that has several. */
export const several = -1

/** Which owner, such as an image, needs which content. Owners are numbers from 0 on. Uses about 60 bytes for each object. */
export class Owners {
  readonly #digests = new DigestTable()
  /** By index of the digest. */
  readonly #owners: number[] = []

  /** Adds an owner of content. Resolves to a number that stands for the content. */
  claim(digest: Digest, owner: number): number {
    const index = this.#digests.add(digest)
    const before = this.#owners[index] ?? owner
    this.#owners[index] = before === owner ? owner : several
    return index
  }

  /** Undefined for content that none needs. */
  of(digest: Digest): number | undefined {
    const index = this.#digests.indexOf(digest)
    return index === undefined ? undefined : this.#owners[index]
  }
}
