import { DistError } from '@dist/errdefs'
import { blockSize, paddingOf } from './header.js'

/** The largest number of eleven octal digits. */
const largestOctal = 8 ** 11 - 1
const longestName = 100

/** A regular file to write into an archive. */
export interface TarFile {
  readonly name: string
  /** Bytes of the body. */
  readonly size: number
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * The bytes of an archive of regular files, in the given order: POSIX ustar, with PAX records for long names and large
 * sizes. All files have owner root, mode 0644 and the time 0, so that equal files make equal archives. Throws `INTERNAL`
 * for a body of another size than `size`, and what a body throws; the archive has no end then.
 */
export async function* writeTar(
  files: AsyncIterable<TarFile> | Iterable<TarFile>,
): AsyncIterable<Uint8Array> {
  for await (const { name, size, body } of files) {
    yield fileHeader(name, size)
    let written = 0
    for await (const chunk of body) {
      written += chunk.byteLength
      if (written > size) break
      yield chunk
    }
    if (written !== size)
      throw new DistError('INTERNAL', `${name}: body of another size, expected ${size} bytes`)
    if (paddingOf(size) > 0) yield new Uint8Array(paddingOf(size))
  }
  // Two empty blocks end an archive.
  yield new Uint8Array(2 * blockSize)
}

/** Size in bytes of the archive that `writeTar` makes of these files. */
export function tarSize(files: Iterable<Pick<TarFile, 'name' | 'size'>>): number {
  let bytes = 2 * blockSize
  for (const { name, size } of files) bytes += fileHeader(name, size).byteLength + size + paddingOf(size)
  return bytes
}

/** The header blocks of a file. */
function fileHeader(name: string, size: number): Uint8Array {
  const records = [
    ...(Buffer.byteLength(name) > longestName ? [paxRecord('path', name)] : []),
    ...(size > largestOctal ? [paxRecord('size', String(size))] : []),
  ]
  const header = headerBlock(name, size > largestOctal ? 0 : size, '0')
  if (records.length === 0) return header
  const body = Buffer.concat(records)
  const padding = new Uint8Array(paddingOf(body.byteLength))
  return Buffer.concat([headerBlock('PaxHeaders/file', body.byteLength, 'x'), body, padding, header])
}

/** POSIX pax: the length of the record, its digits included, a space, key and value, a newline. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (length !== Buffer.byteLength(`${length}${rest}`)) length = Buffer.byteLength(`${length}${rest}`)
  return Buffer.from(`${length}${rest}`)
}

function headerBlock(name: string, size: number, type: '0' | 'x'): Uint8Array {
  const header = Buffer.alloc(blockSize)
  const octal = (value: number, offset: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), offset)
  Buffer.from(name).copy(header, 0, 0, longestName)
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  header.write(type, 156)
  header.write('ustar\u000000', 257)
  // The checksum is computed with spaces in its own field.
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
