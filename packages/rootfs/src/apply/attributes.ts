import { chmodSync, chownSync, utimesSync } from 'node:fs'
import type { Attributes, Directory } from './directory.js'
import type { Tree } from './tree.js'

/** Whether this process runs as root: only root may set owners and make devices. */
export function isPrivileged(): boolean {
  return process.geteuid?.() === 0
}

/** A time in seconds as whole microseconds. */
export function microsecondsOf(seconds: number): number {
  return Math.round(seconds * 1e6)
}

/**
 * Seconds for node:fs. It cuts fractions of a microsecond, so half a microsecond is added against rounding errors. It takes
 * a negative number for the current time, but not a negative string.
 */
export function secondsOf(microseconds: number): number | string {
  return microseconds < 0 ? String((microseconds - 0.5) / 1e6) : (microseconds + 0.5) / 1e6
}

/** Sets the owner before the mode: a change of owner clears setuid and setgid. */
export function setAttributes(path: string, attributes: Partial<Attributes>): void {
  const { mode, uid, gid, mtime } = attributes
  if (isPrivileged() && uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
  if (mode !== undefined) chmodSync(path, mode)
  if (mtime !== undefined) utimesSync(path, secondsOf(mtime), secondsOf(mtime))
}

/** Whether an existing directory has been changed. */
export function isChanged(directory: Directory): boolean {
  return directory.isTouched || directory.isOpened || directory.wanted !== undefined
}

/**
 * Sets the attributes of directories, from the innermost outwards: those of the layer's entries, else the original ones,
 * which changes in the directory have modified.
 */
export function restoreAttributes(tree: Tree, directory: Directory = tree.root): void {
  for (const child of directory.children.values()) restoreAttributes(tree, child)
  if (directory.isNew || isChanged(directory)) restoreOne(tree, directory)
}

/** Sets the attributes of the root again, after the journal has removed its directory there. */
export function restoreRoot(tree: Tree): void {
  if (isChanged(tree.root)) restoreOne(tree, tree.root)
}

function restoreOne(tree: Tree, directory: Directory): void {
  setAttributes(tree.base(directory), { ...directory.original, ...directory.wanted })
}
