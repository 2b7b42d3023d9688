import { spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import type { TarHeader } from '@dist/tar'
import { isPrivileged, microsecondsOf, setAttributes } from './attributes.js'
import { O_PATH } from './descriptors.js'
import type { Directory } from './directory.js'
import { pathOf } from './paths.js'
import type { Tree } from './tree.js'

const kinds: Readonly<Record<string, { letter: string; is: (stats: Stats) => boolean }>> = {
  'character-device': { letter: 'c', is: (stats) => stats.isCharacterDevice() },
  'block-device': { letter: 'b', is: (stats) => stats.isBlockDevice() },
  fifo: { letter: 'p', is: (stats) => stats.isFIFO() },
}

/**
 * Makes a device or a fifo at a free name with the program `mknod`, since Node has no such call. Returns undefined on
 * success, else the reason why it cannot be made.
 */
export function makeNode(
  tree: Tree,
  directory: Directory,
  name: string,
  header: TarHeader,
): string | undefined {
  const kind = kinds[header.type]
  if (kind === undefined) throw new DistError('INTERNAL', `${header.type}: neither a device nor a fifo`)
  if (kind.letter !== 'p' && !isPrivileged()) return 'only root can make devices'
  const utf8 = Buffer.from(name, 'latin1').toString()
  if (Buffer.from(utf8).toString('latin1') !== name) return `the name of the ${header.type} is not UTF-8`
  const reason = runMknod(tree.descriptors.fd(directory), utf8, kind.letter, header)
  if (reason !== undefined) return reason
  tree.recordMade(directory, name)
  const fd = openSync(pathOf(tree.base(directory), name), O_PATH | constants.O_NOFOLLOW)
  try {
    if (!kind.is(fstatSync(fd)))
      throw new DistError('UNAVAILABLE', 'changed by another process right after it was made')
    const { mode, uid, gid, mtime } = header
    setAttributes(`/proc/self/fd/${fd}`, { mode, uid, gid, mtime: microsecondsOf(mtime) })
  } finally {
    closeSync(fd)
  }
  return undefined
}

/** Runs `mknod`, which gets the open directory as its descriptor 3. */
function runMknod(fd: number, name: string, letter: string, header: TarHeader): string | undefined {
  const numbers = letter === 'p' ? [] : [String(header.devmajor), String(header.devminor)]
  const { error, status, stderr } = spawnSync(
    'mknod',
    ['-m', '600', `/proc/self/fd/3/${name}`, letter, ...numbers],
    { stdio: ['ignore', 'ignore', 'pipe', fd], encoding: 'utf8' },
  )
  if (error !== undefined)
    return errnoOf(error) === 'ENOENT'
      ? 'the program mknod is not installed'
      : `mknod: ${sanitize(error.message)}`
  return status === 0 ? undefined : `mknod failed: ${sanitize(stderr.trim())}`
}
