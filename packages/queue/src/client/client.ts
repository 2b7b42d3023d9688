import type { Redis } from 'ioredis'
import type { Queues } from '../jobs/queues.js'
import type { Keys } from '../redis/keys.js'
import type { MemoryGauge } from '../redis/memory.js'
import type { RunStates } from '../state/states.js'
import type { Tuning } from '../tuning.js'

/** What the calls of `Runs` share. */
export interface Client {
  readonly redis: Redis
  readonly keys: Keys
  readonly queues: Queues
  readonly states: RunStates
  readonly memory: MemoryGauge
  readonly tuning: Tuning
  /** The answer of Redis, within the timeout. */
  ask<T>(answer: Promise<T>): Promise<T>
}
