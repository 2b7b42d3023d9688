import { constants } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { failedWith, fileError } from '../errors.js'

/** The maximum size of a file in bytes. */
const maxSize = 4 * 1024 * 1024
/** The limit of Linux. */
const maxLinks = 40

/**
 * The text of a regular file in a root filesystem that no other process changes. Symbolic links are followed within the
 * root. Undefined if there is no such file, or it is not a regular one. Throws `RESOURCE_EXHAUSTED` for more than
 * 4 MiB.
 */
export async function readInside(root: string, path: string): Promise<string | undefined> {
  const found = await locate(root, path)
  if (found === undefined) return undefined
  try {
    // Follows no link that replaced it meanwhile, and does not wait for the other end of a fifo.
    const file = await open(found, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return undefined
      if (stat.size > maxSize)
        throw new DistError('RESOURCE_EXHAUSTED', `${path} of the image: more than ${maxSize} bytes`)
      return (await file.readFile()).toString()
    } finally {
      await file.close()
    }
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'ELOOP', 'ENXIO')) return undefined
    throw fileError(`${found}: read failed`, error)
  }
}

/** The resolved path of a file in the root, without symbolic links. */
async function locate(root: string, path: string): Promise<string | undefined> {
  const resolved: string[] = []
  const left = path.split('/').reverse()
  for (let links = 0; left.length > 0; ) {
    const name = left.pop() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      // `..` of the root is the root.
      resolved.pop()
      continue
    }
    const target = await linkAt(join(root, ...resolved, name))
    if (target === undefined) return undefined
    if (target === false) {
      resolved.push(name)
      continue
    }
    if (++links > maxLinks) return undefined
    if (target.startsWith('/')) resolved.length = 0
    left.push(...target.split('/').reverse())
  }
  return join(root, ...resolved)
}

/** The target of a link; false for a file that is not a link, undefined for a missing file. */
async function linkAt(path: string): Promise<string | false | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : false
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined
    throw fileError(`${path}: read failed`, error)
  }
}
