import { serviceMain } from '@dist/composition/service'
import { runCoordinator } from '@dist/coordinator'
import type { Tuning } from '@dist/queue'
import { runWorker } from '@dist/worker'

// A coordinator or a worker with times that do not let tests wait. The first argument says which; flags and
// environment are theirs.

const tuning: Partial<Tuning> = {
  lockDuration: 2_000,
  stalledInterval: 400,
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

const [name] = process.argv.splice(2, 1)
if (name === 'coordinator')
  await serviceMain('coordinator', (flags, context) => runCoordinator(flags, context, { tuning }))
else await serviceMain('worker', (flags, context) => runWorker(flags, context, { tuning, locks }))
