import { mkdirSync, readdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { ImageConfig } from '../config.js'
import { failedWith, fileError } from '../errors.js'
import { copySnapshot } from '../snapshots/copy.js'
import { makeDirectory } from '../snapshots/directories.js'
import { draftName } from '../snapshots/draft-name.js'
import type { Snapshot } from '../snapshots/snapshot.js'
import { sweepDrafts } from '../snapshots/snapshots.js'
import { removeTree } from '../snapshots/tree.js'
import { readInside } from './inside.js'
import { rootfsFolder, runtimeSpec, type SpecOptions } from './spec.js'

export interface BundleOptions extends SpecOptions {
  signal?: AbortSignal | undefined
}

/**
 * Makes an OCI runtime bundle: `<directory>/rootfs`, a copy of the snapshot, and `<directory>/config.json`. The
 * directory must be absent or empty; it is made beside its place and renamed when it is whole. Throws `INVALID_ARGUMENT`
 * for a directory with something in it, and what `runtimeSpec` and `copySnapshot` throw.
 */
export async function writeBundle(
  directory: string,
  config: ImageConfig,
  snapshot: Snapshot,
  options: BundleOptions = {},
): Promise<void> {
  const place = resolve(directory)
  requireEmpty(place)
  const prefix = `.${basename(place)}.`
  const draft = join(dirname(place), `${prefix}${draftName()}`)
  await sweepDrafts(dirname(place), prefix)
  try {
    makeDirectory(dirname(place))
    mkdirSync(draft, 0o700)
    await fill(draft, config, snapshot, options)
    await rename(draft, place)
  } catch (error) {
    await removeTree(draft)
    if (failedWith(error, 'ENOTEMPTY', 'EEXIST')) throw notEmpty(place)
    throw fileError(`making ${place}`, error)
  }
}

async function fill(
  draft: string,
  config: ImageConfig,
  snapshot: Snapshot,
  options: BundleOptions,
): Promise<void> {
  const rootfs = join(draft, rootfsFolder)
  // Before the copy, which takes long: what cannot be run is told at once.
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

/** Throws `INVALID_ARGUMENT` for a directory with something in it, and for what is no directory. */
export function requireEmpty(directory: string): void {
  try {
    if (readdirSync(directory).length > 0) throw notEmpty(directory)
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw fileError(`looking into ${directory}`, error)
  }
}

function notEmpty(directory: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `${directory} is not empty: name a directory that is not there yet`,
  )
}
