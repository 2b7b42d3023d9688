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

/** A store in memory, which costs no time but that of the model. */
export async function memoryWorld(): Promise<ModelWorld> {
  const [driver, names, notes] = [new MemoryDriver(), new MemoryNames(), new MemoryNotes()]
  const content = createStore(driver)
  const others = { withheld: new Withheld(notes), sweep: async () => [] }
  return {
    open: async (leases, wrap) => {
      const lease = new Lease(notes, leases)
      return {
        ...others,
        content: wrap(leasedContent(content, lease)),
        names: wrap(leasedNames(names, lease)),
        collect: () => Collection.begin(notes, leases),
        close: () => lease.end(),
      }
    },
    has: async (digest) => (await driver.stat(digest)) !== undefined,
    plain: { ...others, content, names, collect: () => Collection.begin(notes) },
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

/** Milliseconds for which a process of the model remembers answers of a bucket. */
const remembered = 5

let prefixes = 0

/** A prefix of a bucket. Renewals are requests: there are fewer of them. */
export async function bucketWorld(server: ScriptedS3): Promise<ModelWorld> {
  const location = parseS3Url(server.url(`garbage-${++prefixes}`))
  const options = { connection: { credentials: s3Credentials }, remembered }
  const plain = await openS3Store(location, options)
  return {
    open: async (settings, wrap) => {
      const leases = { ...settings, renewal: 20, memory: 2 * remembered }
      const store = await openS3Store(location, { ...options, leases })
      return { ...store, content: wrap(store.content), names: wrap(store.names), close: () => store.close() }
    },
    has: async (digest) => server.objects.has(`${location.prefix}/blobs/${digest.replace(':', '/')}`),
    plain,
    [Symbol.asyncDispose]: () => plain.close(),
  }
}
