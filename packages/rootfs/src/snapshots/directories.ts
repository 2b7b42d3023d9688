import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { failedWith } from '../errors.js'

/** For the owner alone: root filesystems hold programs that run with more rights than those who may look at them. */
const ownersOnly = 0o700

/**
 * Makes a directory and those above it, at most `levels` of them. Not by mkdir's `recursive`, which never returns
 * where a parent exists but refuses children with ENOENT, as /proc does.
 */
export function makeDirectory(path: string, levels = 256): void {
  if (made(path)) return
  if (levels > 1) makeDirectory(dirname(path), levels - 1)
  if (!made(path)) mkdirSync(path, ownersOnly)
}

/** Whether it is there now; false when the one above it is missing. */
function made(path: string): boolean {
  try {
    mkdirSync(path, ownersOnly)
    return true
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return true
    if (failedWith(error, 'ENOENT') && dirname(path) !== path) return false
    throw error
  }
}
