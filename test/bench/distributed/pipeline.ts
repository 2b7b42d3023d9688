import { has } from '@dist/content'
import { MemoryLocker } from '@dist/locks'
import { type BlobTask, ingestBlob, mirrorImages, storeTarget, TransferBudget } from '@dist/mirror'
import { parseReference } from '@dist/reference'
import { openRemote, openTransfers, requestSettings } from '@dist/wiring'
import { openStore } from '@dist/wiring/store'

// What a worker does with blobs and a coordinator with images, in one process and without a queue: a program that is
// started once and receives over its channel what to mirror, so that its start is not measured.

/** The same as a worker's defaults on two processors with --memory 256MiB. */
const budget = { bytes: 32 * 2 ** 20, transfers: 8 }
const parts = 128 * 2 ** 20

const [, , storeUrl = ''] = process.argv
const env = process.env
const store = await openStore({ store: storeUrl }, env, { create: true, memory: parts })
const requests = requestSettings('dist-bench/0', env)
const remote = await openRemote({}, env, requests)
const transfers = openTransfers(store, remote, requests)
const dependencies = {
  locker: new MemoryLocker(),
  isPresent: async ({ desc }: BlobTask) => store.local !== undefined && has(store.content, desc),
  transfer: transfers.transfer,
  budget: new TransferBudget(budget),
}
const engine = {
  source: remote,
  target: storeTarget(store.content, store.names),
  hosts: remote.limiter,
  ingest: (...[task, options]: Parameters<Parameters<typeof mirrorImages>[1]['ingest']>) => {
    transfers.announce(task.desc.size)
    return ingestBlob(task, dependencies, options)
  },
}

process.on('message', async (references: readonly string[]) => {
  const parsed = references.map((reference) => parseReference(reference))
  let failure: unknown
  for await (const { error } of mirrorImages(parsed, engine, { platforms: 'all' })) failure ??= error
  process.send?.({ error: failure === undefined ? undefined : String(failure) })
})
process.on('disconnect', () => process.exit())
process.send?.({})
