import { DistError, sanitize } from '@dist/errdefs'

/** The records of a PAX header; values are byte strings (latin1). */
export type Records = ReadonlyMap<string, string>

const malformed = (reason: string) => new DistError('MALFORMED', `archive: a PAX header ${reason}`)

/**
 * Parses `<length> <key>=<value>\n` records (POSIX pax, "pax Extended Header"). The last record of a key wins. The tar
 * library is not used here: it decodes values as UTF-8, which loses the bytes of names and extended attributes.
 */
export function parseRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let offset = 0; offset < content.byteLength; ) {
    const space = content.indexOf(0x20, offset)
    const digits = space === -1 ? '' : content.toString('latin1', offset, space)
    if (!/^[0-9]{1,9}$/.test(digits)) throw malformed('has a record without a length')
    const end = offset + Number(digits)
    if (end <= space + 1 || end > content.byteLength || content[end - 1] !== 0x0a)
      throw malformed('has a record of a wrong length')
    const record = content.toString('latin1', space + 1, end - 1)
    const equals = record.indexOf('=')
    if (equals < 1) throw malformed('has a record without a key')
    records.set(Buffer.from(record.slice(0, equals), 'latin1').toString(), record.slice(equals + 1))
    offset = end
  }
  return records
}

/** A size or an owner: digits only. Undefined if there is no record, or an empty one that revokes an earlier one. */
export function naturalRecord(records: Records, key: string): number | undefined {
  return numberRecord(records, key, /^[0-9]+$/)
}

/** A time in seconds, rounded down to whole microseconds: a double cannot hold more digits of current times. */
export function timeRecord(records: Records, key: string): number | undefined {
  const seconds = numberRecord(records, key, /^-?[0-9]+(?:\.[0-9]*)?$/)
  const [, kept = '', rest = ''] = /^(.*\.[0-9]{6})([0-9]*)$/.exec(records.get(key) ?? '') ?? []
  if (seconds === undefined || kept === '') return seconds
  const isBelow = kept.startsWith('-') && /[1-9]/.test(rest)
  return isBelow ? (Math.round(Number(kept) * 1e6) - 1) / 1e6 : Number(kept)
}

function numberRecord(records: Records, key: string, grammar: RegExp): number | undefined {
  const value = records.get(key)
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  if (!grammar.test(value) || Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw malformed(`has an invalid number for ${key}: "${sanitize(value, 40)}"`)
  return number
}

/** A name, without NUL. */
export function nameRecord(records: Records, key: string): string | undefined {
  const value = records.get(key)
  if (value === undefined || value === '') return undefined
  if (value.includes('\0')) throw malformed(`has a NUL in ${key}`)
  return value
}

const xattr = 'SCHILY.xattr.'

export function xattrRecords(records: Records): Record<string, Uint8Array> {
  const xattrs: Record<string, Uint8Array> = Object.create(null)
  for (const [key, value] of records)
    if (key.startsWith(xattr)) xattrs[key.slice(xattr.length)] = Buffer.from(value, 'latin1')
  return xattrs
}

/** Whether the entry is a sparse file of GNU tar: a map of holes, then the data between them. */
export function isSparse(records: Records): boolean {
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) return true
  return false
}
