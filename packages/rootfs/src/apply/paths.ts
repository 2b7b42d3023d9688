import { DistError, sanitize } from '@dist/errdefs'

// Names are byte strings here (latin1, one character for each byte): file names are bytes, and not all are UTF-8.

const ascii = /^[ -~]*$/

/** A byte string for node:fs. Most are ASCII, for which a string is cheaper than a buffer. */
export function bytesOf(raw: string): string | Buffer {
  return ascii.test(raw) ? raw : Buffer.from(raw, 'latin1')
}

/** The path of a name in the directory `base` (ASCII, with a slash at its end). */
export function pathOf(base: string, raw: string): string | Buffer {
  return bytesOf(base + raw)
}

/** A byte string as UTF-8 for a message. */
export function printable(raw: string): string {
  return raw === '' ? '/' : sanitize(Buffer.from(raw, 'latin1').toString())
}

/**
 * The components of a name in an archive, from the root on. `.` and `..` are resolved by name, without links, as other
 * tools do; `MALFORMED` for a name outside the root.
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
