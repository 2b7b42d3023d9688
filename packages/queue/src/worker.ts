import type { Service } from '@dist/runs'
import { BlobHandler } from './blob/process.js'
import { Consumer } from './engine/consumer.js'
import { createEngine } from './engine/engine.js'
import { roomFor } from './engine/host-slots.js'
import { EngineService } from './engine/service.js'
import { queueNames } from './jobs/queues.js'
import type { WorkerParts } from './service.js'

/**
 * Starts a worker: it fetches, verifies and stores blobs. Any number of workers share the work. `ready` rejects with
 * `INVALID_ARGUMENT` when the services of the queue have another store.
 */
export function startWorker(parts: WorkerParts): Service {
  const engine = createEngine(parts)
  const handler = new BlobHandler(engine, parts)
  // There are many, and keeping one costs Redis as many commands as taking it.
  const kept = { keptCompleted: 0 }
  const consumer = new Consumer(engine, queueNames.blobs, handler, roomFor(parts.concurrency), kept)
  return new EngineService(engine, { consumers: [consumer] })
}
