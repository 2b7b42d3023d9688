/** The kind of file that an entry makes. `link` is a hard link. */
export type EntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'link'
  | 'character-device'
  | 'block-device'
  | 'fifo'

/** The metadata of one entry, with PAX records and GNU's long names applied. */
export interface TarHeader {
  /**
   * As UTF-8, not empty and without NUL. It is not normalized: it may be absolute, contain `..` or end with a slash.
   * Invalid UTF-8 is replaced by U+FFFD; `rawName` is exact.
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
  /** Seconds since 1970, with a fraction of whole microseconds; may be negative. */
  readonly mtime: number
  /** The target of a symbolic or hard link, as UTF-8; empty for other types. */
  readonly linkname: string
  /** The bytes of `linkname`, one character each. */
  readonly rawLinkname: string
  /** The device numbers; 0 for other types. */
  readonly devmajor: number
  readonly devminor: number
  /** Extended attributes (PAX `SCHILY.xattr.*`) by name. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>
}

export interface TarEntry {
  readonly header: TarHeader
  /** The bytes of a file. Read it once, before the next entry is requested; unread bytes are skipped. */
  readonly body: AsyncIterable<Uint8Array>
}
