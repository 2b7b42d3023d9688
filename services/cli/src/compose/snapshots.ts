import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import { type Environment, nonEmpty } from '@dist/settings'

export interface SnapshotOptions {
  snapshots?: string | undefined
}

/**
 * Where snapshots are: the setting, else `DIST_SNAPSHOTS`, else beside the default store. Not in it: a store is an OCI
 * layout that is copied and handed on as it is, and it may be in a bucket; snapshots are of this machine alone.
 */
export function snapshotsFolder({ snapshots }: SnapshotOptions, env: Environment): string {
  const given = snapshots ?? nonEmpty(env.DIST_SNAPSHOTS)
  if (given !== undefined) return folder(given)
  return join(nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share'), 'dist-snapshots')
}

/** A bucket's URL must not make a folder of that name. */
function folder(given: string): string {
  if (!given.includes('://')) return resolve(given)
  throw new DistError(
    'INVALID_ARGUMENT',
    'snapshots are in a folder of this machine: --snapshots takes no URL',
  )
}
