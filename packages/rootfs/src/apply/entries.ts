import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import type { TarEntry, TarHeader } from '@dist/tar'
import { isPrivileged, microsecondsOf, secondsOf } from './attributes.js'
import { makeNode } from './devices.js'
import type { Attributes, Directory } from './directory.js'
import { bytesOf, componentsOf, pathOf, printable } from './paths.js'
import type { Tree } from './tree.js'
import { applyWhiteout, isWhiteout } from './whiteout.js'

/** Called with what is left out of an entry. */
export type Warn = (reason: string) => void

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Makes the file of an entry, or removes what a whiteout names. Throws the errors of the file system. */
export async function applyEntry(tree: Tree, { header, body }: TarEntry, warn: Warn): Promise<void> {
  const components = componentsOf(header.rawName)
  const name = components.pop()
  if (name === undefined) return applyRoot(tree, header)
  if (isWhiteout(name)) return applyWhiteout(tree, components, name)
  const attributes = Object.keys(header.xattrs)
  if (attributes.length > 0) warn(`extended attributes are left out: ${sanitize(attributes.join(', '))}`)
  const directory = tree.reach(components)
  switch (header.type) {
    case 'file':
      return writeFile(tree, directory, name, header, body)
    case 'directory':
      return applyDirectory(tree, directory, name, header)
    case 'symlink':
      return makeSymlink(tree, directory, name, header)
    case 'link':
      return makeLink(tree, directory, name, header)
    default:
      return applyNode(tree, directory, name, header, warn)
  }
}

function applyRoot(tree: Tree, header: TarHeader): void {
  if (header.type !== 'directory')
    throw new DistError('MALFORMED', `the root of the file system cannot be a ${header.type}`)
  tree.root.wanted = attributesOf(header)
}

function attributesOf({ mode, uid, gid, mtime }: TarHeader): Attributes {
  return { mode, uid, gid, mtime: microsecondsOf(mtime) }
}

/** The time for node:fs. */
function timeOf({ mtime }: TarHeader): number | string {
  return secondsOf(microsecondsOf(mtime))
}

function applyDirectory(tree: Tree, parent: Directory, name: string, header: TarHeader): void {
  const existing = parent.children.get(name) ?? tree.makeDirectory(parent, name) ?? tree.child(parent, name)
  const directory = existing ?? replace(tree, parent, name, () => tree.makeDirectory(parent, name))
  directory.wanted = attributesOf(header)
  directory.markUpper()
}

async function writeFile(
  tree: Tree,
  directory: Directory,
  name: string,
  header: TarHeader,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const fd = replace(tree, directory, name, (path) => openSync(path, createFlags, 0o600))
  try {
    tree.recordMade(directory, name)
    if (header.size > 0) for await (const chunk of body) writeWhole(fd, chunk)
    // The mode comes after the owner: a change of owner clears setuid and setgid.
    if (isPrivileged()) fchownSync(fd, header.uid, header.gid)
    fchmodSync(fd, header.mode)
    const time = timeOf(header)
    futimesSync(fd, time, time)
  } finally {
    closeSync(fd)
  }
}

function writeWhole(fd: number, chunk: Uint8Array): void {
  for (let offset = 0; offset < chunk.byteLength; ) offset += writeSync(fd, chunk, offset)
}

function makeSymlink(tree: Tree, directory: Directory, name: string, header: TarHeader): void {
  if (header.rawLinkname === '') throw new DistError('MALFORMED', 'symbolic link without a target')
  const target = bytesOf(header.rawLinkname)
  replace(tree, directory, name, (path) => symlinkSync(target, path) ?? true)
  tree.recordMade(directory, name)
  const path = pathOf(tree.base(directory), name)
  if (isPrivileged()) lchownSync(path, header.uid, header.gid)
  const time = timeOf(header)
  lutimesSync(path, time, time)
}

/** A hard link. Owner, mode and time are those of its target. */
function makeLink(tree: Tree, directory: Directory, name: string, header: TarHeader): void {
  const components = componentsOf(header.rawLinkname)
  const target = components.pop() ?? ''
  const link = () => {
    // Looked up after the old file is removed: the target may have been in it.
    const where = tree.find(components)
    if (where === undefined || target === '') throw notLinked(header, 'does not exist')
    linkSync(pathOf(tree.base(where), target), pathOf(tree.base(directory), name))
    return true
  }
  try {
    replace(tree, directory, name, link)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw notLinked(header, 'does not exist', error)
    if (errno === 'EPERM') throw notLinked(header, 'cannot be linked', error)
    throw error
  }
  tree.recordMade(directory, name)
}

function notLinked(header: TarHeader, why: string, cause?: unknown): DistError {
  const target = printable(header.rawLinkname)
  return new DistError('MALFORMED', `hard link to ${target}, which ${why}`, { cause })
}

function applyNode(tree: Tree, directory: Directory, name: string, header: TarHeader, warn: Warn): void {
  if (tree.has(directory, name)) tree.clear(directory, name)
  const reason = makeNode(tree, directory, name, header)
  if (reason !== undefined) warn(reason)
}

/**
 * Makes a file at a path, and removes an existing one before. Throws `ALREADY_EXISTS` when another process makes one at the
 * same time.
 */
function replace<T>(
  tree: Tree,
  directory: Directory,
  name: string,
  make: (path: string | Buffer) => T | undefined,
): T {
  const made = unlessExisting(make, pathOf(tree.base(directory), name))
  if (made !== undefined) return made
  tree.clear(directory, name)
  const second = unlessExisting(make, pathOf(tree.base(directory), name))
  if (second !== undefined) return second
  throw new DistError('ALREADY_EXISTS', 'another process makes it at the same time')
}

function unlessExisting<T>(
  make: (path: string | Buffer) => T | undefined,
  path: string | Buffer,
): T | undefined {
  try {
    return make(path)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
}
