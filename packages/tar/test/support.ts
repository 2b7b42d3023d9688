import { DistError } from '@dist/errdefs'
import { readTar, type TarHeader } from '@dist/tar'
import { tarArchive } from '@dist/testkit'
import { expect } from 'vitest'

/** Two empty blocks. */
export const ends = new Uint8Array(1024)

/** An extension header with this content, to put before an entry. */
export function extension(flag: string, content: Uint8Array): Uint8Array {
  const entry = tarArchive([{ path: 'extension', content, raw: { flag } }])
  return entry.subarray(0, entry.byteLength - ends.byteLength)
}

export interface Seen {
  readonly header: TarHeader
  readonly content: Buffer
}

/** All entries of an archive that is read in pieces, cut at these offsets. */
export async function entriesOf(archive: Uint8Array, cuts: readonly number[] = []): Promise<Seen[]> {
  const seen: Seen[] = []
  for await (const { header, body } of readTar(pieces(archive, cuts)))
    seen.push({ header, content: await contentOf(body) })
  return seen
}

export async function headerOf(archive: Uint8Array): Promise<TarHeader> {
  const [first] = await entriesOf(archive)
  return first?.header ?? expect.unreachable('an archive without entries')
}

export async function contentOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Copies of the pieces, so that reading beyond a piece fails. */
export async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, bytes.byteLength)))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...ends, bytes.byteLength]) {
    yield Uint8Array.from(bytes.subarray(start, end))
    start = end
  }
}

/** The error of a rejected promise, which must be a DistError. */
export async function rejection(promise: Promise<unknown>): Promise<DistError> {
  const error = await promise.then(
    () => expect.unreachable('expected a rejection'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(DistError)
  return error as DistError
}
