import type { Redis } from 'ioredis'
import type { Engine } from '../engine/engine.js'
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

/** What a client shares with a coordinator. */
export type ClientParts = Omit<Client, 'tuning'>

/** A coordinator waits for Redis without a limit: its jobs are handed to others when it loses it. */
export function clientParts({ redis, keys, queues, states, memory }: Engine): ClientParts {
  return { redis, keys, queues, states, memory, ask: (answer) => answer }
}
