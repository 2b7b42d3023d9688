import { type ContentStore, gather, type Info, type Provider } from '@dist/content'
import { type Algorithm, type Digest, digestOf } from '@dist/oci'
import { seededBuffer } from '../fixtures/random.js'

/** A piece of content to be written, with everything that is to be expected of it. */
export interface Sample {
  readonly content: Uint8Array
  readonly digest: Digest
  readonly size: number
}

export function sample(seed: string | number, size: number, algorithm: Algorithm = 'sha256'): Sample {
  // Not a Buffer, whose `slice` shares its memory.
  const content = new Uint8Array(seededBuffer(seed, size))
  return { content, digest: digestOf(content, algorithm), size }
}

/** A copy in pieces: a receiver may change its chunk. */
export function* pieces(content: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += length) yield content.slice(at, at + length)
}

/** Writes a sample under a ref and commits it. */
export async function put(
  store: ContentStore,
  ref: string,
  { content, digest, size }: Sample,
): Promise<Info> {
  await using writer = await store.writer(ref, { digest, size })
  for (const chunk of pieces(content, 64 * 1024)) await writer.write(chunk)
  return writer.commit()
}

export async function bytesOf(provider: Provider, digest: Digest, offset = 0): Promise<Buffer> {
  const bytes = await gather(await provider.open({ digest }, { offset }), Number.MAX_SAFE_INTEGER, digest)
  return Buffer.from(bytes)
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
