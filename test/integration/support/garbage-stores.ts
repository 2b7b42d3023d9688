import { existsSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Collection,
  createStore,
  Lease,
  type LeaseSettings,
  leasedContent,
  leasedNames,
  MemoryDriver,
  MemoryNames,
  type Store,
  Withheld,
} from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { openS3Store, parseS3Url } from '@dist/content-s3'
import type { Digest } from '@dist/oci'
import { MemoryNotes } from '@dist/testkit'
import { type ScriptedS3, s3Credentials } from '@dist/testkit/servers'

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

export function memoryWorld(): ModelWorld {
  const [driver, names, notes] = [new MemoryDriver(), new MemoryNames(), new MemoryNotes()]
  const sweep = async () => []
  const withheld = new Withheld(notes)
  const plain = {
    content: createStore(driver),
    names,
    withheld,
    sweep,
    collect: () => Collection.begin(notes),
  }
  return {
    open: async (settings, wrap) => {
      const own = wrap<MemoryNotes>(notes)
      const lease = new Lease(own, settings)
      return {
        content: leasedContent(createStore(wrap<MemoryDriver>(driver)), lease),
        names: leasedNames(wrap<MemoryNames>(names), lease),
        withheld,
        sweep,
        collect: () => Collection.begin(own, settings),
        close: () => lease.end(),
      }
    },
    has: async (digest) => (await driver.stat(digest)) !== undefined,
    plain,
    [Symbol.asyncDispose]: async () => {},
  }
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

let prefixes = 0

export async function bucketWorld(server: ScriptedS3): Promise<ModelWorld> {
  const location = parseS3Url(server.url(`garbage-${++prefixes}`))
  const connection = { credentials: s3Credentials }
  const plain = await openS3Store(location, { connection })
  return {
    open: async (leases, wrap) => {
      const store = await openS3Store(location, { connection, leases })
      return { ...store, content: wrap(store.content), names: wrap(store.names), close: () => store.close() }
    },
    has: async (digest) => server.objects.has(`${location.prefix}/blobs/${digest.replace(':', '/')}`),
    plain,
    [Symbol.asyncDispose]: () => plain.close(),
  }
}
