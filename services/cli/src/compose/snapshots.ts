import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Environment, nonEmpty } from '@dist/composition'

export interface SnapshotOptions {
  snapshots?: string
}

/**
 * Where snapshots are: the setting, else `DIST_SNAPSHOTS`, else beside the default store. Not in it: a store is an OCI
 * layout that is copied and handed on as it is, and it may be in a bucket; snapshots are of this machine alone.
 */
export function snapshotsFolder({ snapshots }: SnapshotOptions, env: Environment): string {
  const given = snapshots ?? nonEmpty(env.DIST_SNAPSHOTS)
  if (given !== undefined) return resolve(given)
  return join(nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share'), 'dist-snapshots')
}
