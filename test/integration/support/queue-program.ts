// A coordinator or a worker over a local store. Arguments: role, port of Redis, folder of the store, and the milliseconds
// by which its clock is off.

import { has } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { storeTarget, TransferBudget, transferBlob, verifyBlob } from '@dist/mirror'
import { startCoordinator, startWorker } from '@dist/queue'
import { createRedisLocker } from '@dist/redis'
import { createRegistry } from '@dist/registry-client'
import { Notifier } from '@dist/runs'
import { Redis } from 'ioredis'

const [role, port, folder = '', skew = '0'] = process.argv.slice(2)
const rightNow = Date.now
Date.now = () => rightNow() + Number(skew)
const connect = () => new Redis({ port: Number(port), host: '127.0.0.1', maxRetriesPerRequest: null })
const store = await openLocalStore(folder, { lockTtl: 2_000 })
const resolver = createRegistry()
const tuning = {
  lockDuration: 1_000,
  stalledInterval: 200,
  watch: 50,
  firstHeld: 20,
  longestHeld: 100,
  sweep: 200,
  reconcile: 300,
}
const parts = {
  connect,
  store: 'local',
  tuning,
  source: resolver,
  target: storeTarget(store.content, store.names),
  published: store,
  pruning: store,
  notifier: new Notifier({ targets: {}, post: async () => ({ status: 204 }), readSecret: async () => '' }),
}

const service =
  role === 'coordinator'
    ? startCoordinator(parts)
    : startWorker({
        ...parts,
        isPresent: ({ desc }) => has(store.content, desc),
        locker: createRedisLocker(connect(), { ttl: 1_500, renewEvery: 300 }),
        transfer: async ({ desc, source }, options) => {
          const from = { fetcher: resolver.fetcher(source), ingester: store.content }
          return transferBlob(desc, from, options)
        },
        verify: (wanted, options) => verifyBlob(wanted, store.content, options),
        budget: new TransferBudget({ bytes: 64 << 20, transfers: 8 }),
        concurrency: 4,
      })
process.on('SIGTERM', async () => {
  await service.stop({ deadline: 2_000 })
  process.exit(0)
})
await service.ready()
console.log('ready')
