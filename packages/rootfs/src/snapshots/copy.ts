import { stat } from 'node:fs/promises'
import { DistError } from '@dist/errdefs'
import type { Snapshot } from './snapshot.js'
import { copyTree } from './tree.js'

/**
 * Copies the root filesystem of a snapshot; `to` must not exist. Throws `UNAVAILABLE` when the snapshot is removed
 * meanwhile, and what `copyTree` throws.
 */
export async function copySnapshot(snapshot: Snapshot, to: string, signal?: AbortSignal): Promise<void> {
  const before = await inodeOf(snapshot.path)
  const failure = await copyTree(snapshot.path, to, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  // Removing begins with a rename: if it is where it was, all of it was there all the time.
  if (before !== undefined && (await inodeOf(snapshot.path)) === before) {
    if (failure === undefined) return
    throw failure.error
  }
  throw new DistError('UNAVAILABLE', `snapshot ${snapshot.chainID} was removed meanwhile: try again`)
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino
}
