import { DistError } from '@dist/errdefs'
import type { EntryType, TarHeader } from './entry.js'
import { type Block, printable } from './header.js'
import { isSparse, nameRecord, naturalRecord, type Records, timeRecord, xattrRecords } from './pax.js'

/** The extension headers that precede the header of an entry. */
export interface Extensions {
  readonly records: Records
  /** From GNU's headers for long names. */
  readonly rawName?: string | undefined
  readonly rawLinkname?: string | undefined
}

export const noExtensions: Extensions = { records: new Map() }

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  // A contiguous file, treated as a regular one (POSIX).
  '7': 'file',
}

/** Ignored in global headers: no name or size holds for all entries. */
const neverGlobal = ['path', 'linkpath', 'size']

/** The header of an entry, with its extensions applied. */
export function headerOf(block: Block, globals: Records, extensions: Extensions): TarHeader {
  const records = merge(globals, extensions.records)
  const rawName = extensions.rawName ?? nameRecord(records, 'path') ?? block.rawName
  if (rawName === '') throw new DistError('MALFORMED', 'archive: an entry without a name')
  const type = typeOf(block, rawName, records)
  const isLink = type === 'link' || type === 'symlink'
  const linked = extensions.rawLinkname ?? nameRecord(records, 'linkpath') ?? block.rawLinkname
  const rawLinkname = isLink ? linked : ''
  const size = naturalRecord(records, 'size') ?? block.size
  return {
    name: utf8(rawName),
    rawName,
    type,
    // Some tools write a size for directories and links; no body follows.
    size: type === 'file' ? size : 0,
    mode: block.mode,
    uid: naturalRecord(records, 'uid') ?? block.uid,
    gid: naturalRecord(records, 'gid') ?? block.gid,
    mtime: timeRecord(records, 'mtime') ?? block.mtime,
    linkname: utf8(rawLinkname),
    rawLinkname,
    devmajor: block.devmajor,
    devminor: block.devminor,
    xattrs: xattrRecords(records),
  }
}

function merge(globals: Records, own: Records): Records {
  if (globals.size === 0) return own
  const merged = new Map(globals)
  for (const key of neverGlobal) merged.delete(key)
  for (const [key, value] of own) merged.set(key, value)
  return merged
}

function typeOf(block: Block, rawName: string, records: Records): EntryType {
  if (block.flag === 'S' || isSparse(records)) throw unsupported(rawName, 'a sparse file')
  // Archives older than POSIX have no directory type.
  if (block.isOld && rawName.endsWith('/')) return 'directory'
  const type = types[block.flag]
  if (type === undefined) throw unsupported(rawName, `an entry of type "${printable(block.flag)}"`)
  return type
}

function unsupported(rawName: string, what: string): DistError {
  return new DistError('NOT_IMPLEMENTED', `${printable(rawName)}: ${what} is not supported in archives`)
}

/** A byte string as UTF-8. Most names are ASCII, which needs no conversion. */
function utf8(raw: string): string {
  for (let i = 0; i < raw.length; i++)
    if (raw.charCodeAt(i) > 0x7f) return Buffer.from(raw, 'latin1').toString()
  return raw
}
