import { createStore, MemoryDriver, MemoryNames } from '@dist/content'
import { anonymousSuite, contentSuite, namesSuite } from '@dist/testkit'

const open = async () => ({ store: createStore(new MemoryDriver()), close: async () => {} })

contentSuite('MemoryDriver', open)
anonymousSuite('MemoryDriver', open)
namesSuite('MemoryNames', async () => {
  const names = new MemoryNames()
  return { names, others: names, close: async () => {} }
})
