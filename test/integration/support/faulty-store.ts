import { copyContent, gather, type Info } from '@dist/content'
import { openS3Store, parseS3Url, type S3Store, type S3StoreOptions } from '@dist/content-s3'
import { type Digest, digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import {
  type Fault,
  type FaultProxy,
  type GatewayBucket,
  type ProxiedRequest,
  startFaultProxy,
} from '@dist/testkit/servers'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { sharedGateway } from './servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

export const mebibyte = 1024 * 1024
export const partSize = 5 * mebibyte
/** The size of content that a `FaultyStore` sends in two parts. */
export const inParts = partSize + mebibyte

/** The kind of a request to a blob. */
export type Kind = 'put' | 'head' | 'get' | 'create' | 'part' | 'complete' | 'abort'

export function kindOf({ method, path }: ProxiedRequest): Kind | undefined {
  if (!path.includes('/blobs/')) return undefined
  const query = new URL(path, 'http://s3').searchParams
  if (method === 'POST') return query.has('uploads') ? 'create' : 'complete'
  if (method === 'PUT') return query.has('partNumber') ? 'part' : 'put'
  if (method === 'DELETE') return query.has('uploadId') ? 'abort' : undefined
  return method === 'HEAD' ? 'head' : 'get'
}

export function answer(status: number, error?: string): Fault {
  return { answer: { status, error } }
}

export function sample(seed: string, size: number) {
  const content = new Uint8Array(seededBuffer(seed, size))
  return { content, digest: digestOf(content), size }
}

/** Copies of one mebibyte each: a receiver may keep them. */
export function* pieces(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += mebibyte) yield content.slice(at, at + mebibyte)
}

/** A store behind a proxy that plays faults, new for each test of the file; the tests share one gateway. */
export class FaultyStore {
  proxy!: FaultProxy
  /** Through the proxy. */
  store!: S3Store
  /** Without the proxy: what the bucket really has. */
  direct!: S3Store
  #gateway!: GatewayBucket
  #stores = 0

  /** `requests`: as in `S3StoreOptions`. */
  constructor(private readonly kind: S3StoreOptions['requests']) {
    beforeAll(async () => {
      this.#gateway = await sharedGateway()
    })
    beforeEach(() => this.#open())
    afterEach(() => this.#close())
  }

  through(options: S3StoreOptions): Promise<S3Store> {
    return this.#openAt(this.proxy.endpoint, { attempts: 4, ...options })
  }

  /** Plays each fault to one request of the kind, in order; later requests succeed. */
  faults(kind: Kind, ...list: Fault[]): void {
    this.proxy.fault = (request) => (kindOf(request) === kind ? list.shift() : undefined)
  }

  requests(kind: Kind): readonly ProxiedRequest[] {
    return this.proxy.requests().filter((request) => kindOf(request) === kind)
  }

  count(kind: Kind): number {
    return this.requests(kind).length
  }

  async write(size: number, seed: string, into = this.store): Promise<Info> {
    const { content, digest } = sample(seed, size)
    await using writer = await into.content.writer(digest, { digest, size })
    const body = async function* () {
      yield* pieces(content)
    }
    return await copyContent(writer, body())
  }

  /** Whether an upload has received this number of bytes. */
  async isAt(bytes: number): Promise<boolean> {
    for await (const { offset } of this.direct.content.statuses()) if (offset === bytes) return true
    return false
  }

  async expectWhole({ digest, size }: Info): Promise<void> {
    expect(digestOf(await gather(await this.direct.content.open({ digest }), size, digest))).toBe(digest)
  }

  /** Asserts that neither an object nor an upload exists. */
  async expectNothing(digest: Digest): Promise<void> {
    await expect(this.direct.content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for await (const { ref } of this.direct.content.statuses()) expect(ref).toBeUndefined()
  }

  async #open(): Promise<void> {
    this.#stores += 1
    this.proxy = await startFaultProxy(this.#gateway.endpoint)
    this.direct = await this.#openAt(this.#gateway.endpoint, {})
    this.store = await this.through({})
  }

  async #close(): Promise<void> {
    await this.store.close()
    await this.direct.close()
    await this.proxy.stop()
  }

  #openAt(endpoint: string, options: S3StoreOptions): Promise<S3Store> {
    const location = parseS3Url(this.#gateway.url(`store-${this.#stores}`, endpoint))
    return openS3Store(location, {
      connection: { credentials: this.#gateway.credentials },
      requests: this.kind,
      smallSize: partSize,
      partSize,
      ...options,
    })
  }
}
