import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { Snapshots } from '@dist/rootfs'
import type { OpenedStore } from '@dist/wiring/store'
import { type Context, variable } from '../context.js'

export interface StoreSettings {
  store?: string | undefined
}

export interface SnapshotOptions {
  snapshots?: string | undefined
}

/** Opens the store that the options name. As `openStore` of `@dist/wiring/store`, which is loaded only now. */
export async function openStore(
  options: StoreSettings,
  env: Context['env'],
  settings: { create?: boolean | undefined } = {},
): Promise<OpenedStore> {
  const wiring = await import('@dist/wiring/store')
  return await wiring.openStore(options, env, settings)
}

/** Opens the folder of snapshots. Throws as `snapshotsFolder`. */
export async function openSnapshots(options: SnapshotOptions, env: Context['env']): Promise<Snapshots> {
  const folder = snapshotsFolder(options, env)
  const { Snapshots } = await import('@dist/rootfs')
  return new Snapshots(folder)
}

/**
 * The folder of snapshots: the option, else `DIST_SNAPSHOTS`, else a folder beside the default store. It is not inside
 * the store: a store is an OCI layout that can be copied or be in a bucket; snapshots belong to one machine. Throws
 * `INVALID_ARGUMENT` for a URL.
 */
export function snapshotsFolder({ snapshots }: SnapshotOptions, env: Context['env']): string {
  const given = snapshots ?? variable(env, 'DIST_SNAPSHOTS')
  if (given !== undefined) return localFolder(given)
  return join(variable(env, 'XDG_DATA_HOME') ?? join(homedir(), '.local', 'share'), 'dist-snapshots')
}

/** Resolving a bucket's URL would make a folder of that name. */
function localFolder(given: string): string {
  if (!given.includes('://')) return resolve(given)
  throw new DistError(
    'INVALID_ARGUMENT',
    'snapshots are in a folder of this machine: --snapshots takes no URL',
  )
}
