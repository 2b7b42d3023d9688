import { algorithmOf, type Descriptor, type Digest, digestOf, mediaTypes } from '@dist/oci'
import type { FixtureImage } from '../fixtures/image.js'

/** Content as a repository holds it. */
export interface Held {
  readonly mediaType: string
  readonly digest: Digest
  readonly content: Uint8Array
}

/** Repositories in memory. A blob is served only through the repositories that hold it. */
export class Repositories {
  readonly #manifests = new Map<string, Held>()
  readonly #blobs = new Map<string, Held>()

  putBlob(
    repository: string,
    content: Uint8Array | string,
    mediaType: string = mediaTypes.octetStream,
    digest?: Digest,
  ): Descriptor {
    const held = heldOf(content, mediaType, digest)
    this.#blobs.set(`${repository}@${held.digest}`, held)
    return descriptorOf(held)
  }

  /** A manifest, whatever its content, under its digest and, where one is given, a tag. */
  putManifest(
    repository: string,
    content: Uint8Array | string,
    mediaType: string,
    tag?: string,
    digest?: Digest,
  ): Descriptor {
    const held = heldOf(content, mediaType, digest)
    this.#manifests.set(`${repository}@${held.digest}`, held)
    if (tag !== undefined) this.#manifests.set(`${repository}@${tag}`, held)
    return descriptorOf(held)
  }

  /** An image with everything below it. */
  putImage(repository: string, tag: string, image: FixtureImage): Descriptor {
    for (const child of image.children) this.putImage(repository, child.descriptor.digest, child)
    for (const { descriptor, open } of image.blobs)
      this.putBlob(repository, Buffer.concat([...open()]), descriptor.mediaType)
    return this.putManifest(repository, image.content, image.descriptor.mediaType, tag)
  }

  find(repository: string, kind: 'manifests' | 'blobs', object: string): Held | undefined {
    return (kind === 'manifests' ? this.#manifests : this.#blobs).get(`${repository}@${object}`)
  }

  /** All manifests of a repository, each once. */
  manifestsOf(repository: string): Held[] {
    const entries = [...this.#manifests].filter(([key]) => key.startsWith(`${repository}@`))
    return [...new Map(entries.map(([, held]) => [held.digest, held])).values()]
  }

  /** The names of all repositories with manifests. */
  repositories(): Set<string> {
    return new Set([...this.#manifests.keys()].map((key) => key.slice(0, key.indexOf('@'))))
  }

  /** The tags of a repository; undefined if it has no manifests. */
  tagsOf(repository: string): string[] | undefined {
    const prefix = `${repository}@`
    const objects = [...this.#manifests.keys()].filter((key) => key.startsWith(prefix))
    if (objects.length === 0) return undefined
    return objects.map((key) => key.slice(prefix.length)).filter((object) => !object.includes(':'))
  }

  /** Removes a tag. Its manifest stays. */
  deleteTag(repository: string, tag: string): void {
    this.#manifests.delete(`${repository}@${tag}`)
  }

  /** A blob of whatever repository. */
  blob(digest: string): Held | undefined {
    return [...this.#blobs.values()].find((held) => held.digest === digest)
  }
}

/** `digest` gives the algorithm only; the digest is computed from the content. */
function heldOf(content: Uint8Array | string, mediaType: string, digest?: Digest): Held {
  const bytes = Buffer.from(content)
  return {
    mediaType,
    digest: digestOf(bytes, digest === undefined ? undefined : algorithmOf(digest)),
    content: bytes,
  }
}

function descriptorOf({ mediaType, digest, content }: Held): Descriptor {
  return { mediaType, digest, size: content.byteLength }
}
