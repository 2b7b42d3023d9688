import { chmodSync, closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { errnoOf } from '@dist/errdefs'
import { isPrivileged } from './attributes.js'
import { O_PATH } from './descriptors.js'
import { pathOf } from './paths.js'

/**
 * Removes a name, and a directory with its content. Removes nothing elsewhere: each directory is opened in its parent, and
 * no link is followed. `base` is a `/proc/self/fd/N/`. A missing name is not an error.
 */
export function removeEntry(base: string, name: string): void {
  try {
    unlinkSync(pathOf(base, name))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return
    if (errno !== 'EISDIR') throw error
    emptyDirectory(base, name)
    rmdirSync(pathOf(base, name))
  }
}

function emptyDirectory(base: string, name: string): void {
  const fd = openSync(pathOf(base, name), constants.O_DIRECTORY | constants.O_NOFOLLOW | O_PATH)
  try {
    const inside = `/proc/self/fd/${fd}/`
    if (!isPrivileged()) chmodSync(inside, 0o700)
    for (const child of readdirSync(inside, 'latin1')) removeEntry(inside, child)
  } finally {
    closeSync(fd)
  }
}
