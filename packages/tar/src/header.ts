import { DistError, sanitize } from '@dist/errdefs'
import { Header } from 'tar/header'

/** A decoded header block, without extensions. Names are byte strings (latin1). */
export interface Block {
  /** The type flag. NUL, which old archives use, reads as `0`. */
  readonly flag: string
  readonly isOld: boolean
  readonly rawName: string
  readonly rawLinkname: string
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly devmajor: number
  readonly devminor: number
}

export const blockSize = 512

/** Bytes that fill the last block of content of `size` bytes. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

const fields = {
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  devmajor: [329, 8],
  devminor: [337, 8],
} as const

type Field = keyof typeof fields

/** Octal digits up to a space or NUL. The library also accepts text that only begins with a digit. */
const octal = /^ *[0-7]*(?:[ \0]|$)/

/** Decodes a header block. Undefined for an empty block; `MALFORMED` for an invalid one. */
export function decodeBlock(block: Buffer): Block | undefined {
  const header = parse(block)
  if (header.nullBlock) {
    if (block.every((byte) => byte === 0)) return undefined
    throw new DistError('MALFORMED', 'not a tar archive: a header without a checksum')
  }
  if (!header.cksumValid)
    throw new DistError('MALFORMED', 'not a tar archive: a header with a wrong checksum')
  const rawName = nameOf(block)
  for (const field of ['mode', 'uid', 'gid', 'size', 'mtime'] as const) check(block, field, rawName)
  const flag = block.toString('latin1', 156, 157)
  return {
    flag: flag === '\0' ? '0' : flag,
    isOld: flag === '\0',
    rawName,
    rawLinkname: text(block, 157, 100),
    size: natural(sizeOf(header, block), block, 'size', rawName),
    mode: natural(header.mode, block, 'mode', rawName) & 0o7777,
    uid: natural(header.uid, block, 'uid', rawName),
    gid: natural(header.gid, block, 'gid', rawName),
    mtime: (header.mtime?.getTime() ?? 0) / 1000,
    ...device(block, flag, rawName),
  }
}

function parse(block: Buffer): Header {
  try {
    return new Header(block)
  } catch (error) {
    throw new DistError('MALFORMED', 'not a tar archive: a header with an invalid number', {
      cause: error,
    })
  }
}

/** The library treats a file whose name ends with a slash as a directory without a size. */
function sizeOf(header: Header, block: Buffer): number | undefined {
  if (header.type !== 'Directory' || block.toString('latin1', 156, 157) === '5') return header.size
  return parse(Buffer.from(block).fill(0, 0, 100)).size
}

/** POSIX has a separate field for the front of a long name. GNU and old archives have other fields there. */
function nameOf(block: Buffer): string {
  const name = text(block, 0, 100)
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name
  const isStar = block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = text(block, 345, isStar ? 131 : 155)
  return prefix === '' ? name : `${prefix}/${name}`
}

/** The library reads device numbers only in POSIX archives, not in GNU's. */
function device(block: Buffer, flag: string, name: string): { devmajor: number; devminor: number } {
  if (flag !== '3' && flag !== '4') return { devmajor: 0, devminor: 0 }
  const number = (field: 'devmajor' | 'devminor') => {
    check(block, field, name)
    const [offset, length] = fields[field]
    const digits = text(block, offset, length).trim()
    return natural(digits === '' ? 0 : Number.parseInt(digits, 8), block, field, name)
  }
  return { devmajor: number('devmajor'), devminor: number('devminor') }
}

function check(block: Buffer, field: Field, name: string): void {
  const [offset, length] = fields[field]
  const isBase256 = ((block[offset] ?? 0) & 0x80) !== 0
  if (!isBase256 && !octal.test(block.toString('latin1', offset, offset + length)))
    throw invalidNumber(field, name)
}

/** The library returns undefined for an empty field, which means 0, and for a negative size. */
function natural(value: number | undefined, block: Buffer, field: Field, name: string): number {
  const isBase256 = ((block[fields[field][0]] ?? 0) & 0x80) !== 0
  if (value === undefined && !isBase256) return 0
  if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw invalidNumber(field, name)
  return value
}

function invalidNumber(field: string, name: string): DistError {
  return new DistError(
    'MALFORMED',
    `${printable(name)}: invalid number in field ${field} of its archive header`,
  )
}

/** A byte string as UTF-8 for a message. */
export function printable(raw: string): string {
  return sanitize(Buffer.from(raw, 'latin1').toString())
}

/** The text of a field, up to the first NUL. */
function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset)
  return block.toString('latin1', offset, end === -1 ? offset + length : Math.min(end, offset + length))
}
