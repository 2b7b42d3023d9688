import { copyContent, type Info } from '@dist/content'
import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import type { Pusher } from '@dist/remotes'
import { type ScriptedRegistry, seededBuffer } from '@dist/testkit'
import type { RegistryOptions } from '../src/index.js'
import { client, refTo } from './support.js'

export const MiB = 1024 * 1024

/** Sizes for the three ways to push: buffered, streamed, and in chunks of 1 MiB. */
export const ways: [way: string, size: number, options: RegistryOptions][] = [
  ['buffered', 1000, {}],
  ['streamed', 5 * MiB, {}],
  ['chunked', 2.5 * MiB, { chunkSize: MiB }],
]

export interface Sample {
  readonly desc: Descriptor
  readonly content: Buffer
}

export function sample(size: number): Sample {
  const content = Buffer.from(seededBuffer(`pushed ${size}`, size))
  return { desc: { mediaType: mediaTypes.octetStream, digest: digestOf(content), size }, content }
}

/** A registry in the same process may read late. */
const timeouts = { headers: 5_000, body: 5_000 }

/** A pusher to `a/b`. */
export function pusherTo(registry: ScriptedRegistry, options: RegistryOptions = {}): Pusher {
  return client({ timeouts, ...options }).pusher(refTo(registry, 'a/b'))
}

export async function* inChunks(content: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.byteLength; at += size) yield Buffer.from(content.subarray(at, at + size))
}

/** Pushes by one write, without retries. */
export async function push(pusher: Pusher, { desc, content }: Sample, signal?: AbortSignal): Promise<Info> {
  const options = { signal }
  await using writer = await pusher.ingester.writer('test', desc, options)
  return await copyContent(writer, inChunks(content))
}

/** The content of `a/b`'s blob in the registry. */
export function held(registry: ScriptedRegistry, { desc }: Sample): Uint8Array | undefined {
  return registry.content.find('a/b', 'blobs', desc.digest)?.content
}

/** Methods and statuses in the order of the requests. */
export function story(registry: ScriptedRegistry): string[] {
  return registry.requests.map(({ method, status }) => `${method} ${status}`)
}

export const uploads = { path: /\/blobs\/uploads\/[^/]+$/ } as const
