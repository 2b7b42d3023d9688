import { existsSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LeaseSettings, Store } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import type { Digest } from '@dist/oci'

/** A store as one process of a model has it. */
export type ModelStore = Pick<Store, 'content' | 'names' | 'withheld' | 'sweep' | 'collect'>

/** Wraps the parts of a store whose calls a model orders. */
export type Wrap = <T extends object>(part: T) => T

/** One store for many processes of a model. */
export interface ModelWorld extends AsyncDisposable {
  open(settings: LeaseSettings, wrap: Wrap): Promise<ModelStore & { close(): Promise<void> }>
  /** Looks without any process. */
  has(digest: Digest): Promise<boolean>
  /** The process that looks. */
  readonly plain: ModelStore
}

const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export async function folderWorld(): Promise<ModelWorld> {
  const root = await mkdtemp(join(parent, 'garbage-'))
  const plain = await openLocalStore(root)
  const remove = async () => {
    await plain.close()
    rmSync(root, { recursive: true, force: true })
  }
  return {
    open: async (leases, wrap) => {
      const store = await openLocalStore(root, { leases })
      return { ...store, content: wrap(store.content), names: wrap(store.names), close: () => store.close() }
    },
    has: async (digest) => existsSync(plain.pathOf(digest)),
    plain,
    [Symbol.asyncDispose]: remove,
  }
}
