/** What an entry makes. `link` is a hard link. */
export type EntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'link'
  | 'character-device'
  | 'block-device'
  | 'fifo'

/** What stands in an archive about one entry, PAX records and GNU's long names included. */
export interface TarHeader {
  /**
   * As UTF-8, not empty and without NUL; nothing else is promised: it may be absolute, hold `..` and end with a
   * slash. Bytes that are no UTF-8 read as U+FFFD: `rawName` is exact.
   */
  readonly name: string
  /** The bytes of the name, one character each (latin1). */
  readonly rawName: string
  readonly type: EntryType
  /** Bytes of the body; 0 for everything but a file. */
  readonly size: number
  /** Permission bits, setuid, setgid and sticky: 12 bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970 with their fraction, in whole microseconds; may be negative. */
  readonly mtime: number
  /** Where a symbolic or hard link leads, as UTF-8; empty for other types. */
  readonly linkname: string
  /** The bytes of `linkname`, one character each. */
  readonly rawLinkname: string
  /** Numbers of a device; 0 for other types. */
  readonly devmajor: number
  readonly devminor: number
  /** Extended attributes (PAX `SCHILY.xattr.*`) by name. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>
}

export interface TarEntry {
  readonly header: TarHeader
  /** The bytes of a file, once, before the next entry is asked for; what is not read is skipped. */
  readonly body: AsyncIterable<Uint8Array>
}
