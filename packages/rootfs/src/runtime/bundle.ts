import { mkdirSync, readdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { ImageConfig } from '../config.js'
import { failedWith, fileError } from '../errors.js'
import { draftName } from '../snapshots/draft.js'
import type { Snapshot } from '../snapshots/snapshot.js'
import { sweepDrafts } from '../snapshots/snapshots.js'
import { copySnapshot, makeDirectory, removeTree } from '../snapshots/tree.js'
import { readInside } from './inside.js'
import { rootfsDirectory, runtimeSpec, type SpecOptions } from './spec.js'

export interface BundleOptions extends SpecOptions {
  signal?: AbortSignal | undefined
}

/**
 * Makes an OCI runtime bundle: `<directory>/rootfs`, a copy of the snapshot, and `<directory>/config.json`. The directory
 * must be missing or empty. It is made beside its final path and renamed when it is complete. Throws `INVALID_ARGUMENT`
 * for a directory that is not empty, and what `runtimeSpec` and `copySnapshot` throw.
 */
export async function writeBundle(
  directory: string,
  config: ImageConfig,
  snapshot: Snapshot,
  options: BundleOptions = {},
): Promise<void> {
  const target = resolve(directory)
  requireEmpty(target)
  const prefix = `.${basename(target)}.`
  const draft = join(dirname(target), `${prefix}${draftName()}`)
  await sweepDrafts(dirname(target), prefix)
  try {
    makeDirectory(dirname(target))
    mkdirSync(draft, 0o700)
    await fill(draft, config, snapshot, options)
    await rename(draft, target)
  } catch (error) {
    await removeTree(draft)
    if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) throw notEmpty(target)
    throw fileError(`${target}: make failed`, error)
  }
}

async function fill(
  draft: string,
  config: ImageConfig,
  snapshot: Snapshot,
  options: BundleOptions,
): Promise<void> {
  const rootfs = join(draft, rootfsDirectory)
  // Before the copy, which takes long, so that an image that cannot be run fails at once.
  const spec = runtimeSpec(config, await accountsOf(snapshot.path), options)
  await copySnapshot(snapshot, rootfs, options.signal)
  await writeFile(join(draft, 'config.json'), `${JSON.stringify(spec, null, 2)}\n`)
}

async function accountsOf(root: string) {
  return {
    passwd: await readInside(root, 'etc/passwd'),
    group: await readInside(root, 'etc/group'),
  }
}

/** Throws `INVALID_ARGUMENT` for a directory that is not empty, and for a path that is not a directory. */
export function requireEmpty(directory: string): void {
  try {
    if (readdirSync(directory).length > 0) throw notEmpty(directory)
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw fileError(`${directory}: list failed`, error)
  }
}

function notEmpty(directory: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `${directory} is not empty; choose a directory that does not exist`,
  )
}
