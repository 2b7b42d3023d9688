import { chmodSync, chownSync, utimesSync } from 'node:fs'
import type { Attributes, Directory } from './directory.js'
import { isPrivileged } from './privilege.js'
import type { Tree } from './tree.js'

/** Whole microseconds of a time in seconds that has no more. */
export function microsecondsOf(seconds: number): number {
  return Math.round(seconds * 1e6)
}

/**
 * Seconds as node:fs takes them: it cuts what is below a microsecond, where a double may lie just short of the one meant,
 * and takes a negative number for now, but not a negative text.
 */
export function secondsOf(microseconds: number): number | string {
  return microseconds < 0 ? String((microseconds - 0.5) / 1e6) : (microseconds + 0.5) / 1e6
}

/** Owner before mode: a change of owner takes setuid and setgid away. */
export function setAttributes(path: string, attributes: Partial<Attributes>): void {
  const { mode, uid, gid, mtime } = attributes
  if (isPrivileged() && uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
  if (mode !== undefined) chmodSync(path, mode)
  if (mtime !== undefined) utimesSync(path, secondsOf(mtime), secondsOf(mtime))
}

/** Whether a directory that was there before is not as it was. */
export function isChanged(directory: Directory): boolean {
  return directory.isTouched || directory.isOpened || directory.wanted !== undefined
}

/**
 * Gives directories, from the innermost outwards, what the layer says of them, and to those that it only put
 * something into the time that they had.
 */
export function settle(tree: Tree, directory: Directory = tree.root): void {
  for (const child of directory.children.values()) settle(tree, child)
  if (directory.isNew || isChanged(directory)) settleOne(tree, directory)
}

/** Once more, after the journal has removed what it kept there. */
export function settleRoot(tree: Tree): void {
  if (isChanged(tree.root)) settleOne(tree, tree.root)
}

function settleOne(tree: Tree, directory: Directory): void {
  setAttributes(tree.base(directory), { ...directory.original, ...directory.wanted })
}
