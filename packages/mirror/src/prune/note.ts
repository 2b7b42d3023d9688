import { forEachConcurrently, type Ledger, type Ledgers, type TakenNames } from '@dist/content'

/** Ledgers that are read and written at the same time. */
const concurrency = 16

/**
 * Notes in the ledgers what entries take. A name that an entry no longer takes is unselected from `now` on (milliseconds since
 * the epoch), if all of its names are known. A ledger without a change is not written. Resolves to the entries that had none.
 */
export async function noteTaken(
  taken: readonly TakenNames[],
  ledgers: Ledgers,
  now: number,
): Promise<ReadonlySet<string>> {
  const fresh = new Set<string>()
  await forEachConcurrently(taken, concurrency, async (each) => {
    const before = await ledgers.read(each.entry)
    if (before === undefined) fresh.add(each.entry)
    const after = ledgerAfter(before ?? { entry: each.entry, names: new Map() }, each, now)
    if (after !== before && after.names.size > 0) await ledgers.write(after)
  })
  return fresh
}

/** The same ledger if nothing changes. */
function ledgerAfter(before: Ledger, { names, hindrance }: TakenNames, now: number): Ledger {
  const changes = new Map<string, number | undefined>()
  for (const name of names)
    if (!before.names.has(name) || before.names.get(name) !== undefined) changes.set(name, undefined)
  if (hindrance === undefined) {
    const taken = new Set(names)
    for (const [name, since] of before.names)
      if (since === undefined && !taken.has(name)) changes.set(name, now)
  }
  return changes.size === 0 ? before : { ...before, names: new Map([...before.names, ...changes]) }
}

/** Ledgers whose changes stay in memory, for a dry run. */
export function unwrittenLedgers(ledgers: Pick<Ledgers, 'read' | 'list'>): Ledgers {
  const changed = new Map<string, Ledger>()
  return {
    read: async (entry) => changed.get(entry) ?? (await ledgers.read(entry)),
    write: async (ledger) => void changed.set(ledger.entry, ledger),
    async *list() {
      for await (const ledger of ledgers.list()) if (!changed.has(ledger.entry)) yield ledger
      yield* changed.values()
    },
  }
}
