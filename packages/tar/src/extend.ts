import { DistError } from '@dist/errdefs'
import type { EntryType, TarHeader } from './entry.js'
import { type Block, printable } from './header.js'
import { isSparse, nameRecord, naturalRecord, type Records, timeRecord, xattrRecords } from './pax.js'

/** What the headers before an entry's own say about it. */
export interface Extensions {
  readonly records: Records
  /** GNU's long names. */
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
  // A contiguous file: to be treated as a regular one (POSIX).
  '7': 'file',
}

/** One name or size for all entries would make an archive of a single one. */
const neverGlobal = ['path', 'linkpath', 'size']

/** An entry's header, with everything that extends it. */
export function headerOf(block: Block, globals: Records, extensions: Extensions): TarHeader {
  const records = merge(globals, extensions.records)
  const rawName = extensions.rawName ?? nameRecord(records, 'path') ?? block.rawName
  if (rawName === '') throw new DistError('MALFORMED', 'an entry of the archive has no name')
  const type = typeOf(block, rawName, records)
  const isLink = type === 'link' || type === 'symlink'
  const linked = extensions.rawLinkname ?? nameRecord(records, 'linkpath') ?? block.rawLinkname
  const rawLinkname = isLink ? linked : ''
  const size = naturalRecord(records, 'size') ?? block.size
  return {
    name: utf8(rawName),
    rawName,
    type,
    // Some writers put a size on directories and links; no body follows them.
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
  // Archives older than POSIX have no type for directories.
  if (block.isOld && rawName.endsWith('/')) return 'directory'
  const type = types[block.flag]
  if (type === undefined) throw unsupported(rawName, `an entry of type "${printable(block.flag)}"`)
  return type
}

function unsupported(rawName: string, what: string): DistError {
  return new DistError('NOT_IMPLEMENTED', `${printable(rawName)}: ${what} in an archive is unsupported`)
}

/** Most names are ASCII, and those are the same in both. */
function utf8(raw: string): string {
  for (let i = 0; i < raw.length; i++)
    if (raw.charCodeAt(i) > 0x7f) return Buffer.from(raw, 'latin1').toString()
  return raw
}
