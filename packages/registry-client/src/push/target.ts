import type { Digest } from '@dist/oci'
import { formatLocator } from '@dist/reference'
import { pushScope } from '../auth/authorizer.js'
import { type Endpoint, repositoryAt } from '../endpoint.js'
import type { Memory } from '../memory.js'
import type { RepositoryContext } from '../repository.js'
import { pushEndpoint } from '../request/endpoints.js'
import { Operation } from '../request/operation.js'
import type { Upload } from './upload.js'

// More than are checked at once. A lost entry costs one request.
const maxMissing = 100_000

/** A repository at the endpoint that takes its pushes. */
export class PushTarget {
  private constructor(
    private readonly repository: RepositoryContext,
    private readonly endpoint: Endpoint,
  ) {}

  static async of(repository: RepositoryContext): Promise<PushTarget> {
    return new PushTarget(repository, await pushEndpoint(repository))
  }

  /** Bytes. Larger blobs are sent in chunks of this size. Undefined: never. */
  get chunkSize(): number | undefined {
    return this.repository.chunkSize
  }

  get memory(): Memory {
    return this.repository.memory
  }

  /** An operation with the token of pushes, also for reading: it is needed afterwards anyway. */
  operation(object: string, signal: AbortSignal | undefined): Operation {
    const { transport, locator } = this.repository
    const repository = this.nameOf(locator.repository)
    const what = `${object} in ${formatLocator(locator)}`
    const scope = pushScope(repository)
    return new Operation({ transport, endpoint: this.endpoint, repository, what, scope, signal })
  }

  /** The name of a repository at the endpoint. */
  nameOf(repository: string): string {
    return repositoryAt(this.endpoint, repository)
  }

  /** The name of an object (a digest or a tag) in the client's memory. */
  key(object: string): string {
    return `${this.endpoint.url}/${this.repository.locator.repository}@${object}`
  }

  /** Records that a blob is missing. */
  recordMissing(digest: Digest): void {
    const { missing } = this.memory
    if (missing.size >= maxMissing) missing.clear()
    missing.add(this.key(digest))
  }

  /** Records that a tag exists. */
  recordTag(tag: string): void {
    this.memory.digestTags.add(this.repository.locator, tag)
  }

  /** Takes the upload that a refused mount of a blob has opened. The caller continues or cancels it. */
  takeUpload(digest: Digest): Upload | undefined {
    const key = this.key(digest)
    const upload = this.memory.uploads.get(key)
    this.memory.uploads.delete(key)
    return upload
  }

  keepUpload(digest: Digest, upload: Upload): void {
    this.memory.uploads.set(this.key(digest), upload)
  }
}
