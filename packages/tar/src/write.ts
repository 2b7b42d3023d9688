import { DistError } from '@dist/errdefs'

const blockSize = 512
/** What eleven octal digits hold. */
const largestOctal = 8 ** 11 - 1
const longestName = 100

/** A regular file that goes into an archive. */
export interface TarFile {
  readonly name: string
  /** Bytes; the body has exactly so many. */
  readonly size: number
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * An archive of regular files in the order given, as it is to be written: POSIX ustar, with PAX records where a name
 * or a size asks for them. All is owned by root, readable, dated 1970: equal files make equal bytes. Throws
 * `INTERNAL` for a body that has another size than was said, and what the bodies throw; then there is no end.
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
    if (written !== size) throw new DistError('INTERNAL', `${name} has another size than the ${size} said`)
    if (paddingOf(size) > 0) yield new Uint8Array(paddingOf(size))
  }
  // Two empty blocks end an archive.
  yield new Uint8Array(2 * blockSize)
}

/** The bytes of an archive of these files. */
export function tarSize(files: Iterable<Pick<TarFile, 'name' | 'size'>>): number {
  let bytes = 2 * blockSize
  for (const { name, size } of files) bytes += fileHeader(name, size).byteLength + size + paddingOf(size)
  return bytes
}

/** What stands before a file's bytes. */
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

/** pax: a record's own length, which counts its digits too, a space, key and value, a newline. */
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
  // The checksum is taken with its own field as spaces.
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What fills the last block of a file of this size. */
function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}
