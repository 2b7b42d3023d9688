import { randomUUID } from 'node:crypto'
import { type ContentStore, copyContent, gather, oneChunk } from '@dist/content'
import { DistError, isAlreadyExists } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester, digestOf } from '@dist/oci'
import pLimit from 'p-limit'
import { spool } from './spool.js'

/** An entry of an archive whose content is in the store or is being written. */
export interface Taken {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** Its first bytes, which show the compression. */
  readonly head: Uint8Array
}

export interface IntakeOptions {
  /**
   * A directory for temporary files of larger content whose digest is not known before: for stores that need the digest of
   * larger content. Default: it is written directly to the store.
   */
  spool?: string | undefined
  signal?: AbortSignal | undefined
}

/** Entries up to this number of bytes are read into memory, so their digest is known before they are written. */
const smallSize = 1024 * 1024
/** Small writes that run while the archive is read further. */
const concurrentWrites = 8

/** Writes entries of an archive to a store, and records which were not there before. */
export class Intake {
  readonly #committed = new Set<Digest>()
  readonly #limit = pLimit(concurrentWrites)
  readonly #writes = new Set<Promise<void>>()
  readonly #run = randomUUID().slice(0, 8)
  #failure: { error: unknown } | undefined

  constructor(
    private readonly content: ContentStore,
    private readonly options: IntakeOptions,
  ) {}

  /** The digests that this intake has added to the store so far. */
  get committed(): ReadonlySet<Digest> {
    return this.#committed
  }

  /**
   * Writes one entry. Its bytes are verified even if the store has the content. Throws `FAILED_PRECONDITION`, with the
   * digest, if they do not match the expected digest.
   */
  async take(path: string, size: number, body: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Taken> {
    if (size <= smallSize) return this.#takeSmall(path, size, body, expected)
    const head = new Head(body)
    if (expected !== undefined) await this.#write({ digest: expected, size }, head)
    const digest = expected ?? (await this.#takeUnknown(path, head))
    return { digest, size, head: head.bytes }
  }

  /** Waits for all writes; throws the first failure. */
  async settle(): Promise<void> {
    await this.ended()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Waits for all writes; resolves to the digests that this intake has added to the store. */
  async ended(): Promise<ReadonlySet<Digest>> {
    await Promise.all(this.#writes)
    return this.#committed
  }

  async #takeSmall(
    path: string,
    size: number,
    body: AsyncIterable<Uint8Array>,
    expected: Digest | undefined,
  ): Promise<Taken> {
    const bytes = await gather(body, size, path)
    const digest = digestOf(bytes, expected && algorithmOf(expected))
    if (expected !== undefined && digest !== expected) throw otherDigest(expected, digest)
    await this.#startWrite(() => this.#write({ digest, size }, oneChunk(bytes)))
    // A copy, because the bytes belong to the store now.
    return { digest, size, head: new Uint8Array(bytes.subarray(0, headSize)) }
  }

  /** Starts a write in the background. Resolves once it runs, so that only few wait in memory. */
  async #startWrite(write: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const writing: Promise<void> = this.#limit(() => {
        resolve()
        return write()
      })
        .catch((error: unknown) => {
          this.#failure ??= { error }
        })
        .finally(() => this.#writes.delete(writing))
      this.#writes.add(writing)
    })
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #takeUnknown(path: string, body: AsyncIterable<Uint8Array>): Promise<Digest> {
    if (this.options.spool === undefined) return this.#writeUnknown(path, body)
    await using spooled = await spool(body, this.options.spool)
    await this.#write(spooled, spooled.read())
    return spooled.digest
  }

  async #writeUnknown(path: string, body: AsyncIterable<Uint8Array>): Promise<Digest> {
    await using writer = await this.content.writer(this.#ref(path), {}, this.#signal)
    const digester = new Digester()
    try {
      for await (const chunk of body) {
        digester.update(chunk)
        await writer.write(chunk)
      }
      const digest = digester.digest()
      if (await this.#has(digest)) await writer.abort()
      else {
        await writer.commit()
        this.#committed.add(digest)
      }
      return digest
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  async #write(expected: { digest: Digest; size: number }, body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      // A ref of its own, so that slow writes of other processes do not delay this one.
      await using writer = await this.content.writer(this.#ref(expected.digest), expected, this.#signal)
      try {
        await copyContent(writer, body, this.#signal)
        this.#committed.add(expected.digest)
      } catch (error) {
        await writer.abort()
        throw error
      }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      await verify(expected.digest, body)
    }
  }

  async #has(digest: Digest): Promise<boolean> {
    return (await this.content.find(digest)) !== undefined
  }

  #ref(what: string): string {
    return `import-${this.#run}-${randomUUID().slice(0, 8)}-${what.slice(0, 100)}`
  }

  get #signal(): { signal?: AbortSignal | undefined } {
    return { signal: this.options.signal }
  }
}

async function verify(digest: Digest, body: AsyncIterable<Uint8Array>): Promise<void> {
  const digester = new Digester(algorithmOf(digest))
  for await (const chunk of body) digester.update(chunk)
  const found = digester.digest()
  if (found !== digest) throw otherDigest(digest, found)
}

function otherDigest(digest: Digest, found: Digest): DistError {
  return new DistError('FAILED_PRECONDITION', `${digest}: the content has digest ${found}`)
}

const headSize = 4

/** A body whose first bytes are kept when it is read. */
class Head implements AsyncIterable<Uint8Array> {
  bytes: Uint8Array = new Uint8Array()

  constructor(private readonly body: AsyncIterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for await (const chunk of this.body) {
      if (this.bytes.byteLength < headSize)
        this.bytes = Buffer.concat([this.bytes, chunk.subarray(0, headSize)]).subarray(0, headSize)
      yield chunk
    }
  }
}
