import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { abortError, DistError, errnoOf, sanitize, throwIfAborted } from '@dist/errdefs'
import { failedWith, fileError } from '../errors.js'

const copyArguments = ['-a', '--reflink=auto', '-T', '--']

/**
 * Copies a directory with everything that it is: owners, modes, times, hard links, devices, extended attributes; by
 * reflink where the file system has it. By coreutils' cp: nothing is faster, and Node has half of these calls.
 * `to` must not exist. Throws `NOT_IMPLEMENTED` where there is no cp, and what the file system refuses; what was
 * copied until then stays.
 */
export async function copyTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const refused = await runCopy(['cp', ...copyArguments, from, to], signal)
  if (refused === undefined) return
  // Layers have files that not even their owner may read. In a user namespace of its own a process may.
  await removeTree(to)
  if ((await runCopy(['unshare', '-r', 'cp', ...copyArguments, from, to], signal)) !== undefined)
    throw copyFailure(from, to, refused)
}

/** What the program complains about; undefined when it succeeds. */
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
    if (errnoOf(error) !== 'ENOENT') throw fileError(`starting ${program}`, error)
    if (program !== 'cp') return complaint
    throw new DistError('NOT_IMPLEMENTED', 'cp is not there to copy with: install coreutils', {
      cause: error,
    })
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function copyFailure(from: string, to: string, complaint: string): DistError {
  const code = /No space left|quota exceeded/i.test(complaint) ? 'RESOURCE_EXHAUSTED' : 'INTERNAL'
  const [reason = ''] = complaint.split('\n')
  return new DistError(code, `copying ${from} to ${to}: ${sanitize(reason || 'cp was killed')}`)
}

/**
 * Bytes that a tree takes on disk, as du counts them: each hard-linked file once, blocks shared with other trees
 * (reflink) as if they were its own. Undefined where there is no du.
 */
export async function sizeOnDisk(path: string): Promise<number | undefined> {
  const output = await new Promise<string>((resolve) => {
    execFile('du', ['-sk', '--', path], (_error, stdout) => resolve(stdout))
  })
  const [kibibytes] = /^\d+(?=\s)/.exec(output) ?? []
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/** Removes a tree, directories that their owner may not write to included. One that is gone is no error. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (!failedWith(error, 'EACCES', 'EPERM')) throw fileError(`removing ${path}`, error)
    await openUp(path)
    await rm(path, { recursive: true, force: true }).catch((again: unknown) => {
      throw fileError(`removing ${path}`, again)
    })
  }
}

/** Gives the owner back what a layer's modes took. */
async function openUp(directory: string): Promise<void> {
  const stat = await lstat(directory).catch(() => undefined)
  if (!stat?.isDirectory()) return
  await chmod(directory, stat.mode | 0o700).catch(() => {})
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await openUp(join(directory, entry.name))
}
