import { createLedgers, memoryLedgers } from '@dist/content'
import { ledgersSuite } from '@dist/testkit'
import { expect, it } from 'vitest'

ledgersSuite('memory', async () => {
  const ledgers = memoryLedgers()
  return { ledgers, others: ledgers, close: async () => {} }
})

function ledgersWith(content: Uint8Array) {
  return createLedgers({
    read: async () => content,
    write: async () => {},
    async *keys() {
      yield '00'
    },
    locate: () => 'store/ledgers/00',
  })
}

it.each([
  ['not compressed', Buffer.from('{}')],
  ['empty', Buffer.alloc(0)],
])('a ledger that is %s is malformed, and the error names its file', async (_, content) => {
  const ledgers = ledgersWith(content)
  const expected = { code: 'MALFORMED', message: expect.stringContaining('store/ledgers/00: ') }
  await expect(ledgers.read('app')).rejects.toMatchObject(expected)
  await expect(ledgers.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject(expected)
})
