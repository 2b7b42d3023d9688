import { DistError, sanitize } from '@dist/errdefs'

// Names are byte strings here (latin1, one character a byte): a file system's names are bytes, and not all are UTF-8.

const ascii = /^[ -~]*$/

/** A byte string as the file system's functions take it: most are ASCII, and a string is cheaper than a buffer. */
export function bytesOf(raw: string): string | Buffer {
  return ascii.test(raw) ? raw : Buffer.from(raw, 'latin1')
}

/** The path of a name in a directory that `base` (ASCII, with its slash) leads to. */
export function pathOf(base: string, raw: string): string | Buffer {
  return bytesOf(base + raw)
}

/** A byte string as UTF-8, fit for a message. */
export function printable(raw: string): string {
  return raw === '' ? '/' : sanitize(Buffer.from(raw, 'latin1').toString())
}

/**
 * The components of a name in an archive, from the root on. `.` and `..` are taken by the letter, as other tools do;
 * `MALFORMED` for a name that climbs above the root.
 */
export function componentsOf(raw: string): string[] {
  const components: string[] = []
  for (const component of raw.split('/')) {
    if (component === '' || component === '.') continue
    if (component !== '..') components.push(component)
    else if (components.pop() === undefined)
      throw new DistError('MALFORMED', `"${printable(raw)}" leads out of the root`)
  }
  return components
}
