import { createHash } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalStore } from '@dist/content-local'
import {
  anonymousSuite,
  contentSuite,
  ledgersSuite,
  lockerSuite,
  lossyLockerSuite,
  namesSuite,
  resumeSuite,
} from '@dist/testkit'
import { LocalLocker } from '../src/locker/locker.js'
import { folder } from './folder.js'

const open = async () => {
  const root = folder()
  const store = await openLocalStore(root.path)
  return {
    store: store.content,
    close: async () => {
      await store.close()
      root.remove()
    },
  }
}

contentSuite('LocalDriver', open)
anonymousSuite('LocalDriver', open)

resumeSuite('LocalDriver', async () => {
  const root = folder()
  return {
    open: async () => (await openLocalStore(root.path)).content,
    close: async () => root.remove(),
  }
})

namesSuite('LocalNames', async () => {
  const root = folder()
  const [one, two] = [await openLocalStore(root.path), await openLocalStore(root.path)]
  return { names: one.names, others: two.names, close: async () => root.remove() }
})

ledgersSuite('a folder', async () => {
  const root = folder()
  const [one, two] = [await openLocalStore(root.path), await openLocalStore(root.path)]
  return { ledgers: one.ledgers, others: two.ledgers, close: async () => root.remove() }
})

const lockers = async () => {
  const root = folder()
  const [locker, other] = [new LocalLocker(root.path, { ttl: 300 }), new LocalLocker(root.path, { ttl: 300 })]
  const close = async () => {
    locker.close()
    other.close()
    root.remove()
  }
  return { locker, other, close, root }
}

lockerSuite('LocalLocker', lockers)
lossyLockerSuite('LocalLocker', async () => {
  const { root, ...fixture } = await lockers()
  const lose = async (key: string) => {
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 32)
    for (const file of readdirSync(root.path)) if (file.startsWith(hash)) rmSync(join(root.path, file))
  }
  return { ...fixture, lose }
})
