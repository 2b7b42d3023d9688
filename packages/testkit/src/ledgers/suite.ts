import type { Ledger, Ledgers } from '@dist/content'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

export interface LedgersFixture {
  /** None yet. */
  readonly ledgers: Ledgers
  /** The same ledgers through a second, independent opening. */
  readonly others: Ledgers
  close(): Promise<void>
}

function ledger(entry: string, names: Readonly<Record<string, number | undefined>> = {}): Ledger {
  return { entry, names: new Map(Object.entries(names)) }
}

async function listed(ledgers: Ledgers): Promise<Ledger[]> {
  const found: Ledger[] = []
  for await (const each of ledgers.list()) found.push(each)
  return found.sort((a, b) => (a.entry < b.entry ? -1 : 1))
}

/** What the ledgers of every store have to do. */
export function ledgersSuite(name: string, factory: () => Promise<LedgersFixture>): void {
  describe(`${name} as ledgers`, () => {
    let fixture: LedgersFixture
    beforeEach(async () => {
      fixture = await factory()
    })
    afterEach(() => fixture.close())

    it('has none at first', async () => {
      expect(await fixture.ledgers.read('app')).toBeUndefined()
      expect(await listed(fixture.ledgers)).toEqual([])
    })

    it('gives back what was written, with the times since when names are unselected', async () => {
      const written = ledger('app', { 'r.io/a:1': undefined, 'r.io/a:2': 1_700_000_000_000, 'r.io/a:3': 0 })
      await fixture.ledgers.write(written)
      expect(await fixture.ledgers.read('app')).toEqual(written)
      expect(await fixture.others.read('app')).toEqual(written)
    })

    it('replaces the ledger of an entry, and keeps those of others', async () => {
      const other = ledger('web', { 'r.io/web:1': undefined })
      await fixture.ledgers.write(ledger('app', { 'r.io/a:1': undefined }))
      await fixture.ledgers.write(other)
      const last = ledger('app', { 'r.io/a:2': undefined })
      await fixture.others.write(last)
      expect(await listed(fixture.ledgers)).toEqual([last, other])
    })

    it.each(['', 'a/b', '../x', 'Größe', 'quay.io/a/**', 'x'.repeat(4096)])(
      'has a ledger for an entry with the name %j',
      async (entry) => {
        const written = ledger(entry, { 'r.io/a:1': 1 })
        await fixture.ledgers.write(written)
        expect(await fixture.others.read(entry)).toEqual(written)
        expect(await listed(fixture.others)).toEqual([written])
      },
    )
  })
}
