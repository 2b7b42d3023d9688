import { serviceMain } from '@dist/composition/service'
import { runCoordinator } from '@dist/coordinator'
import type { Tuning } from '@dist/queue'
import { runWorker } from '@dist/worker'

// A coordinator or a worker with times that do not let tests wait. The first argument says which; flags and
// environment are theirs.

const tuning: Partial<Tuning> = {
  lockDuration: 3_500,
  stalledInterval: 400,
  reclaim: 200,
  maxStalled: 2,
  firstBackoff: 250,
  longestBackoff: 2_000,
  firstHeld: 50,
  longestHeld: 250,
  watch: 100,
  reconcile: 500,
  lostAfter: 1_000,
  sweep: 500,
  cancelPoll: 200,
  progress: 100,
}
/** A killed worker's are free after the first. */
const locks = { ttl: 3_000, renewEvery: 300 }
const terms = { expiry: 1_200, grace: 500, every: 200 }

/** Stands still with its main thread alone, as behind a computation that does not end. */
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000)
})

const [name] = process.argv.splice(2, 1)
if (name === 'coordinator')
  await serviceMain('coordinator', (flags, context) => runCoordinator(flags, context, { tuning, terms }))
else await serviceMain('worker', (flags, context) => runWorker(flags, context, { tuning, locks, terms }))
