import { type ContentStore, createStore, has, type Ingester, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { childrenOf, type Descriptor, type Digest, hasChildren, parseManifest } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type {
  CosignTag,
  Pusher,
  PusherSource,
  PutOptions,
  ReferrersSource,
  RemoteOptions,
} from '@dist/remotes'

interface Manifest {
  readonly desc: Descriptor
  readonly content: Uint8Array
}

interface Repository {
  readonly blobs: ContentStore
  /** By digests and tags. */
  readonly manifests: Map<string, Manifest>
}

/** The error for requests that contain a text. */
interface Failure {
  readonly request: string
  readonly error: unknown
  times: number
}

/**
 * Registries in memory to push to, all hosts in one. Like real ones they accept a manifest only after the content that it
 * names, unless configured otherwise. They record all requests, and fail as scripted.
 */
export class PushedRegistry implements PusherSource, ReferrersSource {
  /** `HEAD app/blobs/sha256:...`, `PUT app/manifests/1`, in order. */
  readonly requests: string[] = []
  /** Accepts indexes without some of their manifests. */
  takesSparse = false
  mounts = true
  /** Lost blobs: it answers that it has or has mounted them, until they are sent. */
  readonly lost = new Set<Digest>()
  /** Whether errors name the content that a manifest lacks. */
  namesLacking = true
  /** Called before each request; the request fails with what it throws. */
  onRequest: (request: string) => void = () => {}
  readonly #repositories = new Map<string, Repository>()
  readonly #failures: Failure[] = []
  #uploads = 0

  /** The next requests that contain the text fail with this error. */
  fail(request: string, error: unknown, times = 1): void {
    this.#failures.push({ request, error, times })
  }

  /** The requests that contain the text, so far. */
  received(text: string): string[] {
    return this.requests.filter((request) => request.includes(text))
  }

  repository(name: string): Repository {
    const known = this.#repositories.get(name)
    if (known !== undefined) return known
    const made = { blobs: createStore(new MemoryDriver()), manifests: new Map() }
    this.#repositories.set(name, made)
    return made
  }

  /** The digest of a tag, after a check that everything below it is there. */
  async image(name: string, object: string): Promise<Digest | undefined> {
    const found = this.repository(name).manifests.get(object)
    if (found !== undefined) await this.#prove(name, found)
    return found?.desc.digest
  }

  pusher({ repository }: Locator): Pusher {
    return {
      resolve: async (object, options) => {
        this.#ask(`HEAD ${repository}/manifests/${object}`, options)
        return this.repository(repository).manifests.get(object)?.desc
      },
      has: async (desc, options) => {
        this.#ask(`HEAD ${repository}/blobs/${desc.digest}`, options)
        return this.lost.has(desc.digest) || has(this.repository(repository).blobs, desc)
      },
      mount: (desc, from, options) => this.#mount(repository, desc, from, options),
      forget: async (desc) => {
        this.#ask(`FORGET ${repository}/blobs/${desc.digest}`)
      },
      put: (desc, content, options) => this.#put(repository, { desc, content }, options),
      ingester: this.#ingester(repository),
    }
  }

  async referrers({ repository }: Locator, digest: Digest, options?: RemoteOptions): Promise<Descriptor[]> {
    this.#ask(`GET ${repository}/referrers/${digest}`, options)
    const all = new Map([...this.repository(repository).manifests.values()].map((m) => [m.desc.digest, m]))
    return [...all.values()].filter((manifest) => subjectOf(manifest) === digest).map(({ desc }) => desc)
  }

  async cosignTags(): Promise<readonly CosignTag[]> {
    return []
  }

  async #mount(
    repository: string,
    desc: Descriptor,
    from: string,
    options?: RemoteOptions,
  ): Promise<boolean> {
    this.#ask(`MOUNT ${repository}/blobs/${desc.digest} from ${from}`, options)
    if (this.lost.has(desc.digest)) return true
    const other = this.repository(from).blobs
    if (!this.mounts || !(await has(other, desc))) return false
    await using writer = await this.repository(repository).blobs.writer(
      `mount-${desc.digest}#${this.#uploads++}`,
      desc,
    )
    for await (const chunk of await other.open(desc)) await writer.write(chunk)
    await writer.commit()
    return true
  }

  #ingester(repository: string): Ingester {
    return {
      writer: async (ref, expected, options) => {
        this.#ask(`POST ${repository}/blobs/uploads`, options)
        // Each upload is independent of other uploads.
        const upload = `${ref}#${this.#uploads++}`
        const writer = await this.repository(repository).blobs.writer(upload, expected, options)
        return {
          get status() {
            return writer.status
          },
          write: (chunk) => writer.write(chunk),
          restart: () => writer.restart(),
          abort: () => writer.abort(),
          commit: async () => {
            this.#ask(`PUT ${repository}/blobs/${expected.digest}`, options)
            const info = await writer.commit()
            this.lost.delete(info.digest)
            return info
          },
          [Symbol.asyncDispose]: () => writer.abort(),
        }
      },
    }
  }

  async #put(repository: string, manifest: Manifest, options: PutOptions = {}): Promise<void> {
    const { desc } = manifest
    this.#ask(`PUT ${repository}/manifests/${options.tag ?? desc.digest}`, options)
    await this.#prove(repository, manifest)
    const { manifests } = this.repository(repository)
    manifests.set(desc.digest, manifest)
    if (options.tag !== undefined) manifests.set(options.tag, manifest)
  }

  async #prove(repository: string, { desc, content }: Manifest): Promise<void> {
    const { blobs, manifests } = this.repository(repository)
    const lacks: Digest[] = []
    for (const child of childrenOf(parseManifest(content, desc.mediaType, desc.digest))) {
      const isManifest = hasChildren(child.mediaType)
      if (isManifest && this.takesSparse) continue
      if (isManifest ? !manifests.has(child.digest) : !(await has(blobs, child))) lacks.push(child.digest)
    }
    if (lacks.length === 0) return
    const named = this.namesLacking ? lacks : []
    throw new DistError('MALFORMED', 'answered 400 (MANIFEST_BLOB_UNKNOWN)', { lacks: named })
  }

  #ask(request: string, options?: RemoteOptions): void {
    options?.signal?.throwIfAborted()
    this.requests.push(request)
    this.onRequest(request)
    const failure = this.#failures.find((rule) => rule.times > 0 && request.includes(rule.request))
    if (failure === undefined) return
    failure.times--
    throw failure.error
  }
}

function subjectOf({ desc, content }: Manifest): Digest | undefined {
  return parseManifest(content, desc.mediaType, desc.digest).subject?.digest
}
