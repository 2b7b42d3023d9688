import { chmodSync, chownSync, utimesSync } from 'node:fs'
import type { Attributes, Directory } from './directory.js'
import { isPrivileged } from './privilege.js'
import type { Tree } from './tree.js'

/**
 * Seconds as node:fs has to be given them: it cuts what is below a microsecond, and a double lies as often below the
 * microsecond that was meant as above it.
 */
export function timeOf(seconds: number): number {
  return (Math.floor(seconds * 1e6 + 0.2) + 0.5) / 1e6
}

/** Owner before mode: a change of owner takes setuid and setgid away. */
export function setAttributes(path: string, attributes: Partial<Attributes>): void {
  const { mode, uid, gid, mtime } = attributes
  if (isPrivileged() && uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
  if (mode !== undefined) chmodSync(path, mode)
  if (mtime !== undefined) utimesSync(path, timeOf(mtime), timeOf(mtime))
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
