import type { PreviewOutcome } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatBytes, plural } from '../output/format.js'

/** What a run would cost. Content that several images of a place share is fetched once. */
export class Price {
  readonly #seen = new Set<string>()
  #bytes = 0
  #requests = 0
  #manifests = 0
  /** Manifests by registry: each GET is a pull of a quota. */
  readonly #pulls = new Map<string, number>()

  /**
   * Adds an image. Returns the bytes that it adds; undefined if they are not known. `place`: the registry that it goes to;
   * empty for the store.
   */
  add({ reference, state, manifests, blobs }: PreviewOutcome, place: string): number | undefined {
    if (state === 'new' || state === 'changed') {
      // A new name costs a GET of its manifest, a changed one a HEAD before.
      if (state === 'changed') this.#requests++
      const before = this.#manifests
      const bytes = this.#addContent(manifests, blobs, place)
      const { host } = reference
      this.#pulls.set(host, (this.#pulls.get(host) ?? 0) + this.#manifests - before)
      return bytes
    }
    this.#requests++
    return undefined
  }

  /** The manifests that are fetched, by registry. */
  get pulls(): ReadonlyMap<string, number> {
    return this.#pulls
  }

  /** `sized`: whether the content of the images is known. */
  text(sized: boolean): string {
    const cost = `${plural(this.#requests, 'request')}, ${this.#manifests} of them for manifests`
    return sized ? `${formatBytes(this.#bytes)} to fetch with ${cost}` : `at least ${cost}; --bytes tells all`
  }

  #addContent(
    manifests: readonly Descriptor[] | undefined,
    blobs: readonly Descriptor[] | undefined,
    place: string,
  ): number | undefined {
    if (manifests === undefined || blobs === undefined) {
      this.#manifests++
      this.#requests++
      return undefined
    }
    const fetched = this.#unseen(manifests, place)
    const content = [...fetched, ...this.#unseen(blobs, place)]
    const bytes = content.reduce((sum, { size }) => sum + size, 0)
    this.#manifests += fetched.length
    this.#requests += content.length
    this.#bytes += bytes
    return bytes
  }

  #unseen(descs: readonly Descriptor[], place: string): Descriptor[] {
    return descs.filter(({ digest }) => {
      const key = `${place} ${digest}`
      const isNew = !this.#seen.has(key)
      this.#seen.add(key)
      return isNew
    })
  }
}
