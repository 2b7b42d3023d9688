import { isRecord } from '@dist/oci'
import { namedStart, nameOf, referrerStart } from './document.js'

const newline = 0x0a
const quote = 0x22
const headEnd = '"manifests":['
const start = Buffer.from(namedStart)
const startOfReferrer = Buffer.from(referrerStart)

/** Between two entries. */
export const separator = Buffer.from(',\n')
/** Ends the file, after the newline of the head or of the last entry. */
export const fileEnd = Buffer.from('\n]}\n')

/** The lines of an `index.json` that has one entry on each. */
export interface IndexLines {
  /** Where the first entry begins, after the line of the head. */
  readonly first: number
  /** Where the last entry ends. Less than `first` if there are none. */
  readonly last: number
  /** Where the entry of each name begins: several places if another tool wrote the name more than once. */
  readonly named: ReadonlyMap<string, number | readonly number[]>
  /** Where the entry of each referrer begins that dist has added, by digest. */
  readonly referrers: ReadonlyMap<string, number>
}

/** Finds the lines of a file; undefined if it has another layout. Most entries are not parsed. */
export function findLines(content: Buffer): IndexLines | undefined {
  const first = content.indexOf(newline) + 1
  const last = content.byteLength - fileEnd.byteLength
  if (last < first - 1 || content.compare(fileEnd, 0, fileEnd.byteLength, last) !== 0) return undefined
  try {
    if (!isHead(content.toString('utf8', 0, first))) return undefined
    const named = new Map<string, number | number[]>()
    const referrers = new Map<string, number>()
    for (let at = first; at < last; ) {
      const stop = lineEnd(content, at, last)
      const referrer = textAfter(startOfReferrer, content, at, stop)
      if (referrer !== undefined) referrers.set(referrer, at)
      else {
        const name = nameAt(content, at, stop)
        if (name !== undefined) add(named, name, at)
      }
      at = stop + separator.byteLength
    }
    return { first, last, named, referrers }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Where the entry that begins at `at` ends, without the comma. */
export function lineEnd(content: Buffer, at: number, last: number): number {
  const stop = content.indexOf(separator, at)
  return stop < 0 || stop > last ? last : stop
}

function isHead(line: string): boolean {
  return line.endsWith(`${headEnd}\n`) && isRecord(JSON.parse(`${line}]}`))
}

/** The name of an entry, undefined where it has none. Throws `SyntaxError` for a line that is not one JSON value. */
function nameAt(content: Buffer, at: number, stop: number): string | undefined {
  const name = textAfter(start, content, at, stop)
  // A name with a backslash has escaped characters.
  if (name !== undefined && !name.includes('\\')) return name
  return nameOf(JSON.parse(content.toString('utf8', at, stop)))
}

/** The text up to the next quote if an entry begins with `start`. */
function textAfter(start: Buffer, content: Buffer, at: number, stop: number): string | undefined {
  const from = at + start.byteLength
  if (from >= stop || content.compare(start, 0, start.byteLength, at, from) !== 0) return undefined
  return content.toString('utf8', from, content.indexOf(quote, from))
}

function add(named: Map<string, number | number[]>, name: string, at: number): void {
  const known = named.get(name)
  named.set(name, known === undefined ? at : [known, at].flat())
}
