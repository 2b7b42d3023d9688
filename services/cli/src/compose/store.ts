import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type LocalStore, openLocalStore } from '@dist/content-local'
import type { Context } from '../context.js'
import type { StoreOptions } from '../options.js'

export interface OpenStoreOptions {
  /** Make the store where there is none. Default: false, an absent store reads as an empty one. */
  create?: boolean
}

/** Where the store is: `--store`, else `DIST_STORE`, else the XDG data folder. */
export function storeRoot(options: StoreOptions, env: NodeJS.ProcessEnv): string {
  const given = options.store ?? nonEmpty(env.DIST_STORE)
  if (given !== undefined) return resolve(given)
  return join(nonEmpty(env.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share'), 'dist')
}

/** Opens the store that the options name. Whoever opens it closes it (`await using`). */
export async function openStore(
  options: StoreOptions,
  { env }: Context,
  { create = false }: OpenStoreOptions = {},
): Promise<LocalStore> {
  return openLocalStore(storeRoot(options, env), { create })
}

export function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
