import type { ServiceEvent } from '@dist/runs'
import type { Redis } from 'ioredis'
import { openQueues, type Queues } from '../jobs/queues.js'
import { toDistError } from '../redis/errors.js'
import { Keys } from '../redis/keys.js'
import { MemoryGauge } from '../redis/memory.js'
import type { ServiceParts, ServicePresence } from '../service.js'
import { RecentHeads } from '../state/recent-heads.js'
import { RunStates } from '../state/states.js'
import { type Tuning, withDefaults } from '../tuning.js'
import { Cancellations } from './cancellations.js'

/** What the handlers of one service share. */
export interface Engine {
  readonly redis: Redis
  readonly keys: Keys
  readonly queues: Queues
  readonly states: RunStates
  readonly heads: RecentHeads
  readonly memory: MemoryGauge
  readonly cancellations: Cancellations
  readonly tuning: Tuning
  readonly presence: ServicePresence | undefined
  /** The id of the services' store. */
  readonly store: string
  emit(event: ServiceEvent): void
}

export function createEngine(parts: ServiceParts): Engine {
  const tuning = withDefaults(parts.tuning)
  const keys = new Keys(parts.prefix)
  const emit = (event: ServiceEvent) =>
    parts.onEvent?.(event.type === 'error' ? { ...event, error: toDistError(event.error) } : event)
  const onError = (error: unknown) => emit({ type: 'error', error })
  const redis = parts.connect()
  redis.on('error', onError)
  const states = new RunStates(redis, keys)
  return {
    redis,
    keys,
    queues: openQueues(redis, keys.prefix, onError),
    states,
    heads: new RecentHeads(states, tuning.cancelPoll),
    memory: new MemoryGauge(redis, tuning.full),
    cancellations: new Cancellations(redis, keys, tuning.cancelPoll, onError),
    tuning,
    presence: parts.presence,
    store: parts.store,
    emit,
  }
}
