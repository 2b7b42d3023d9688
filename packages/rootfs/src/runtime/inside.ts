import { constants } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { failedWith, fileError } from '../errors.js'

/** The largest file that is read, in bytes. */
const maxSize = 4 * 1024 * 1024
/** Linux' own limit. */
const maxLinks = 40

/**
 * The text of a regular file in a root filesystem that nobody else writes to. Symbolic links are followed as a process
 * would whose root it is, never out of it. Undefined where there is no such file, or it is none that can be read
 * to an end. Throws `RESOURCE_EXHAUSTED` for one of more than 4 MiB.
 */
export async function readInside(root: string, path: string): Promise<string | undefined> {
  const found = await locate(root, path)
  if (found === undefined) return undefined
  try {
    // Not what was put in its place meanwhile, and never a wait for the other end of a fifo.
    const file = await open(found, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return undefined
      if (stat.size > maxSize)
        throw new DistError('RESOURCE_EXHAUSTED', `${path} of the image has more than ${maxSize} bytes`)
      return (await file.readFile()).toString()
    } finally {
      await file.close()
    }
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'ELOOP', 'ENXIO')) return undefined
    throw fileError(`reading ${found}`, error)
  }
}

/** The file that a path means inside of the root: none of its components is a link. */
async function locate(root: string, path: string): Promise<string | undefined> {
  const place: string[] = []
  const left = path.split('/').reverse()
  for (let links = 0; left.length > 0; ) {
    const name = left.pop() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      // Above the root there is the root.
      place.pop()
      continue
    }
    const target = await linkAt(join(root, ...place, name))
    if (target === undefined) return undefined
    if (target === false) {
      place.push(name)
      continue
    }
    if (++links > maxLinks) return undefined
    if (target.startsWith('/')) place.length = 0
    left.push(...target.split('/').reverse())
  }
  return join(root, ...place)
}

/** The target of a link; false for what is no link, undefined where nothing is. */
async function linkAt(path: string): Promise<string | false | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : false
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined
    throw fileError(`reading ${path}`, error)
  }
}
