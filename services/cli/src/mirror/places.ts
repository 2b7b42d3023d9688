import {
  createStore,
  type Ledgers,
  MemoryDriver,
  MemoryNames,
  memoryLedgers,
  type Names,
} from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { type BlobTask, type IngestOptions, storeTarget, type TargetOf } from '@dist/mirror'
import type { Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Context } from '../context.js'
import { type Ingest, openIngest, openPushes, pushIngest } from '../open/ingest.js'
import { requestSettings } from '../open/registry.js'
import { openStore } from '../open/store.js'
import type { MirrorOptions } from './mirror.js'

/** Where images go. */
export interface Places {
  readonly store: TargetOf
  readonly registry: (destination: Reference) => TargetOf
  readonly ingest: Ingest
  /** The names of the store; none if it is not needed. */
  readonly names: Names
  readonly ledgers: Ledgers
}

/** Bytes of manifests that are kept: tags often name the same image. */
const manifestCacheSize = 32 * 1024 * 1024

export interface PlacesOptions extends MirrorOptions {
  /** Whether an image goes into the store. */
  readonly needsStore: boolean
}

/** Opens registries as places, and the store if it is needed, while `run` runs. A dry run makes no store. */
export async function withPlaces<T>(
  context: Context,
  remote: Registry,
  options: PlacesOptions,
  run: (places: Places) => Promise<T>,
): Promise<T> {
  const { concurrency, needsStore } = options
  const pushes = await openPushes(remote)
  const push = pushIngest(pushes, concurrency)
  const registry = (destination: Reference) => pushes.targetAt(() => destination)
  if (!needsStore)
    return await run({
      store: noStore,
      registry,
      ingest: push,
      names: new MemoryNames(),
      ledgers: memoryLedgers(),
    })
  if (options.dryRun === true) return await withReadStore(context, options, { registry, ingest: push }, run)
  await using store = await openStore(options, context.env, { create: true })
  const requests = await requestSettings(options, context)
  await using into = await openIngest({ store, remote, requests, concurrency })
  const ingest = (task: BlobTask, asked: IngestOptions) =>
    task.to === undefined ? into.blob(task, asked) : push(task, asked)
  const target = storeTarget(store.content, store.names, { manifests: manifestCacheSize })
  const { names, ledgers } = store
  return await run({ store: target, registry, ingest, names, ledgers })
}

/** A store that does not exist is an empty one. */
async function withReadStore<T>(
  context: Context,
  options: MirrorOptions,
  others: Pick<Places, 'registry' | 'ingest'>,
  run: (places: Places) => Promise<T>,
): Promise<T> {
  await using store = await openStore(options, context.env).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  const content = store?.content ?? createStore(new MemoryDriver())
  const names = store?.names ?? new MemoryNames()
  const ledgers = store?.ledgers ?? memoryLedgers()
  return await run({ ...others, store: storeTarget(content, names), names, ledgers })
}

function noStore(): never {
  throw new DistError('INTERNAL', 'an image without a destination')
}
