import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { DistError, sanitize } from '@dist/errdefs'
import { isRecord } from '@dist/oci'

/** What an entry of a mirror file has published in a store. */
export interface Ledger {
  /** The name of the entry. */
  readonly entry: string
  /**
   * Its names, each with the time since which the entry no longer selects it, in milliseconds since the epoch; undefined for
   * a name that it selects.
   */
  readonly names: ReadonlyMap<string, number | undefined>
}

/** The names in a store that an entry takes. */
export interface TakenNames {
  readonly entry: string
  readonly names: readonly string[]
  /** Why more names than these may belong to it. Undefined: these are all. */
  readonly hindrance?: string | undefined
}

/** The most names of an entry that one run may remove: a share of all that it has published, or a number. */
export type PruneLimit = { readonly percent: number } | { readonly names: number }

/** The ledgers of a store, one for each entry that has published names. */
export interface Ledgers {
  /** Undefined for an entry that has none. Throws `MALFORMED`. */
  read(entry: string): Promise<Ledger | undefined>
  /** Replaces the ledger of the entry, atomically. Durable when it resolves. */
  write(ledger: Ledger): Promise<void>
  /** Throws `MALFORMED` for an unreadable one: what it has must not count as absent. */
  list(): AsyncIterable<Ledger>
}

/** How one kind of store keeps ledgers: whole files under plain keys (`[0-9a-f]+`). */
export interface LedgerFiles {
  read(key: string): Promise<Uint8Array | undefined>
  /** Atomically, and durable when it resolves. */
  write(key: string, content: Uint8Array): Promise<void>
  keys(): AsyncIterable<string>
  /** The place of a file, for errors. */
  locate(key: string): string
}

const version = 1
/** Bytes of a ledger, unpacked: millions of names. */
const limit = 512 * 1024 * 1024

/** The most bytes of the file of a ledger. */
export const maxLedgerFile = 64 * 1024 * 1024

/** Ledgers in files: JSON, compressed, because names repeat each other. */
export function createLedgers(files: LedgerFiles): Ledgers {
  const readKey = async (key: string): Promise<Ledger | undefined> => {
    const content = await files.read(key)
    return content && (await parseLedger(content, files.locate(key)))
  }
  return {
    read: (entry) => readKey(keyOf(entry)),
    write: async (ledger) => await files.write(keyOf(ledger.entry), await formatLedger(ledger)),
    async *list() {
      for await (const key of files.keys()) {
        const ledger = await readKey(key)
        if (ledger !== undefined) yield ledger
      }
    },
  }
}

/** Ledgers in the memory of this process. */
export function memoryLedgers(): Ledgers {
  const files = new Map<string, Uint8Array>()
  return createLedgers({
    read: async (key) => files.get(key),
    write: async (key, content) => void files.set(key, content),
    async *keys() {
      yield* files.keys()
    },
    locate: (key) => `ledger ${key}`,
  })
}

/** Names of entries are texts of any kind. */
function keyOf(entry: string): string {
  return createHash('sha256').update(entry).digest('hex').slice(0, 32)
}

function formatLedger({ entry, names }: Ledger): Promise<Uint8Array> {
  const selected: string[] = []
  const unselected: Record<string, number> = {}
  for (const [name, since] of names)
    if (since === undefined) selected.push(name)
    else unselected[name] = since
  const document = { version, entry, selected: selected.sort(), unselected }
  return promisify(gzip)(`${JSON.stringify(document)}\n`)
}

async function parseLedger(content: Uint8Array, where: string): Promise<Ledger> {
  const document = await unpack(content, where)
  const { version: found, entry, selected, unselected } = isRecord(document) ? document : {}
  if (typeof found === 'number' && found > version)
    throw new DistError('NOT_IMPLEMENTED', `${where}: a newer dist wrote this ledger; use a newer dist`)
  if (typeof entry !== 'string' || !Array.isArray(selected) || !isRecord(unselected)) throw malformed(where)
  const names = new Map<string, number | undefined>()
  for (const name of selected) names.set(String(name), undefined)
  for (const [name, since] of Object.entries(unselected)) {
    if (typeof since !== 'number') throw malformed(where)
    names.set(name, since)
  }
  return { entry, names }
}

async function unpack(content: Uint8Array, where: string): Promise<unknown> {
  try {
    return JSON.parse((await promisify(gunzip)(content, { maxOutputLength: limit })).toString())
  } catch (cause) {
    throw malformed(where, cause)
  }
}

function malformed(where: string, cause?: unknown): DistError {
  const advice = 'delete it: names that only it has are then never pruned'
  return new DistError('MALFORMED', `${sanitize(where)}: not a readable ledger of a mirror; ${advice}`, {
    cause,
  })
}
