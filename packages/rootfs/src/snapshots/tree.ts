import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { chmod, lstat, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { abortError, DistError, errnoOf, sanitize, throwIfAborted } from '@dist/errdefs'
import { failedWith, fileError } from '../errors.js'
import type { Snapshot } from './snapshot.js'

/** Only for the owner: root filesystems contain setuid programs, which other users must not reach. */
const ownerOnly = 0o700

/**
 * Makes a directory and its parents, at most `levels` of them. Not with the `recursive` option of mkdir: it never returns
 * where a parent exists but refuses children with ENOENT, as /proc does.
 */
export function makeDirectory(path: string, levels = 256): void {
  if (makeOne(path)) return
  if (levels > 1) makeDirectory(dirname(path), levels - 1)
  if (!makeOne(path)) mkdirSync(path, ownerOnly)
}

/** False where the parent is missing; true if the directory exists now. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path, ownerOnly)
    return true
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return true
    if (failedWith(error, 'ENOENT') && dirname(path) !== path) return false
    throw error
  }
}

const copyArguments = ['-a', '--reflink=auto', '-T', '--']

/**
 * Copies a directory with all properties: owners, modes, times, hard links, devices, extended attributes; by reflink where
 * the file system supports it. Uses `cp` of coreutils: it is the fastest way, and Node lacks half of the calls. `to` must
 * not exist. Throws `NOT_IMPLEMENTED` without cp, and errors of the file system. A failure leaves a partial copy.
 */
async function copyTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const complaint = await runCopy(['cp', ...copyArguments, from, to], signal)
  if (complaint === undefined) return
  // Layers contain files that their owner may not read. A process in its own user namespace may.
  await removeTree(to)
  if ((await runCopy(['unshare', '-r', 'cp', ...copyArguments, from, to], signal)) !== undefined)
    throw copyFailure(from, to, complaint)
}

/** The stderr of the failed program; undefined when it succeeds. */
async function runCopy(command: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  throwIfAborted(signal)
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 1000) complaint += chunk.toString()
  })
  try {
    const [code] = await once(child, 'close')
    if (signal?.aborted) throw abortError(signal)
    return code === 0 ? undefined : complaint
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(`${program}: start failed`, error)
    if (program !== 'cp') return complaint
    throw new DistError('NOT_IMPLEMENTED', 'cp: not found; install coreutils', {
      cause: error,
    })
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function copyFailure(from: string, to: string, complaint: string): DistError {
  const code = /No space left|quota exceeded/i.test(complaint) ? 'RESOURCE_EXHAUSTED' : 'INTERNAL'
  const [reason = ''] = complaint.split('\n')
  return new DistError(code, `${to}: copy of ${from} failed: ${sanitize(reason || 'cp was killed')}`)
}

/**
 * Bytes of a tree on disk, as du counts them: each hard-linked file once, and blocks shared with other trees (reflink) in
 * full. Undefined without du.
 */
export async function sizeOnDisk(path: string): Promise<number | undefined> {
  const output = await new Promise<string>((resolve) => {
    execFile('du', ['-sk', '--', path], (_error, stdout) => resolve(stdout))
  })
  const [kibibytes] = /^\d+(?=\s)/.exec(output) ?? []
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/** Removes a tree, also with directories that their owner may not write to. A missing tree is not an error. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (!failedWith(error, 'EACCES', 'EPERM')) throw fileError(`${path}: remove failed`, error)
    await makeWritable(path)
    await rm(path, { recursive: true, force: true }).catch((again: unknown) => {
      throw fileError(`${path}: remove failed`, again)
    })
  }
}

/** Gives the owner all permissions on the directories of a tree. */
async function makeWritable(directory: string): Promise<void> {
  const stat = await lstat(directory).catch(() => undefined)
  if (!stat?.isDirectory()) return
  await chmod(directory, stat.mode | 0o700).catch(() => {})
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await makeWritable(join(directory, entry.name))
}

/**
 * Copies the root filesystem of a snapshot. `to` must not exist. Throws `UNAVAILABLE` when the snapshot is removed
 * meanwhile, and what `copyTree` throws.
 */
export async function copySnapshot(snapshot: Snapshot, to: string, signal?: AbortSignal): Promise<void> {
  const before = await inodeOf(snapshot.path)
  const failure = await copyTree(snapshot.path, to, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  // Removing starts with a rename: if the snapshot is still at its path, the copy is complete.
  if (before !== undefined && (await inodeOf(snapshot.path)) === before) {
    if (failure === undefined) return
    throw failure.error
  }
  throw new DistError('UNAVAILABLE', `snapshot ${snapshot.chainID}: removed meanwhile; try again`)
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino
}
