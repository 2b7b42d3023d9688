import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { failedWith } from './errors.js'

/**
 * Makes a directory and those above it, at most `levels` of them. Not by mkdir's `recursive`, which never returns where a parent exists
 * but refuses children with ENOENT, as /proc does.
 */
export function makeDirectory(path: string, levels = 256): void {
  if (made(path)) return
  if (levels > 1) makeDirectory(dirname(path), levels - 1)
  if (!made(path)) mkdirSync(path)
}

/** Whether it is there now; false when the one above it is missing. */
function made(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return true
    if (failedWith(error, 'ENOENT') && dirname(path) !== path) return false
    throw error
  }
}
