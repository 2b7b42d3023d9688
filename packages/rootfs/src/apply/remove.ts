import { chmodSync, closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { errnoOf } from '@dist/errdefs'
import { O_PATH } from './descriptors.js'
import { pathOf } from './paths.js'
import { isPrivileged } from './privilege.js'

/**
 * Removes a name, a directory with everything in it, and nothing that lies elsewhere: each directory is opened in its
 * parent and no link is followed. `base` is a `/proc/self/fd/N/`. What is not there is removed already.
 */
export function removeTree(base: string, name: string): void {
  try {
    unlinkSync(pathOf(base, name))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return
    if (errno !== 'EISDIR') throw error
    empty(base, name)
    rmdirSync(pathOf(base, name))
  }
}

function empty(base: string, name: string): void {
  const fd = openSync(pathOf(base, name), constants.O_DIRECTORY | constants.O_NOFOLLOW | O_PATH)
  try {
    const inside = `/proc/self/fd/${fd}/`
    if (!isPrivileged()) chmodSync(inside, 0o700)
    for (const child of readdirSync(inside, 'latin1')) removeTree(inside, child)
  } finally {
    closeSync(fd)
  }
}
