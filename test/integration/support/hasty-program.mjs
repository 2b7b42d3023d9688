// A coordinator or a worker of the built programs, with times that do not let tests wait. The first argument is the file that
// loads them with their compiled code, the second says which; flags and environment are theirs.
import { createRequire } from 'node:module'

const tuning = {
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

const [loader, name] = process.argv.splice(2, 2)
const { setFlags, load } = createRequire(import.meta.url)(loader)
setFlags()
const { main } = load(name)
await main(name === 'coordinator' ? { tuning, terms } : { tuning, locks, terms })
