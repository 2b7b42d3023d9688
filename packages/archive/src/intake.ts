import { randomUUID } from 'node:crypto'
import { type ContentStore, copyContent, gather } from '@dist/content'
import { DistError, isAlreadyExists, isNotFound } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester, digestOf } from '@dist/oci'
import { spool } from './spool.js'

/** What an entry of an archive turned out to be; its content is in the store, or on its way there. */
export interface Taken {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** Its first bytes, which tell whether it is compressed. */
  readonly head: Uint8Array
}

export interface IntakeOptions {
  /**
   * A folder where larger content of unknown digest is put aside until its digest is known: for stores that take it
   * only with its digest. Default: it goes straight to the store.
   */
  spool?: string | undefined
  signal?: AbortSignal | undefined
}

/** What is gathered in memory, in bytes: its digest is known before it is written. */
const smallSize = 1024 * 1024
/** Small writes that are under way while the archive is read on. */
const writesAtOnce = 8

/** Takes entries of an archive into a store, and remembers what was not there before. */
export class Intake {
  readonly #committed = new Set<Digest>()
  readonly #writes = new Set<Promise<void>>()
  readonly #run = randomUUID().slice(0, 8)
  #failure: { error: unknown } | undefined

  constructor(
    private readonly content: ContentStore,
    private readonly options: IntakeOptions,
  ) {}

  /** What this intake has brought into the store so far. */
  get committed(): ReadonlySet<Digest> {
    return this.#committed
  }

  /**
   * Takes one entry in. Of content that is there already the bytes are verified all the same. Throws
   * `FAILED_PRECONDITION`, with the digest, for bytes that do not have the digest expected.
   */
  async take(path: string, size: number, body: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Taken> {
    if (size <= smallSize) return this.#takeSmall(path, size, body, expected)
    const head = new Head(body)
    if (expected !== undefined) await this.#write({ digest: expected, size }, head)
    const digest = expected ?? (await this.#takeUnknown(path, head))
    return { digest, size, head: head.bytes }
  }

  /** Resolves once all writes have ended; throws what failed first. */
  async settle(): Promise<void> {
    await this.ended()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** What this intake has brought into the store, once no write is under way. */
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
    await this.#later(() => this.#write({ digest, size }, once(bytes)))
    // A copy: the bytes are the store's.
    return { digest, size, head: new Uint8Array(bytes.subarray(0, headSize)) }
  }

  /** Starts a write that nobody waits for, once there are not too many of them. */
  async #later(write: () => Promise<void>): Promise<void> {
    while (this.#writes.size >= writesAtOnce) await Promise.race(this.#writes)
    if (this.#failure !== undefined) throw this.#failure.error
    const writing: Promise<void> = write()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#writes.delete(writing))
    this.#writes.add(writing)
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
      // A ref of its own: a write of somebody else's, however slow, holds up nothing here.
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
    try {
      await this.content.info(digest)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
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

/** A body whose first bytes are kept while it is read. */
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

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}
