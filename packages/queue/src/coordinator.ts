import type { Service } from '@dist/runs'
import { Consumer } from './engine/consumer.js'
import { createEngine } from './engine/engine.js'
import { roomFor } from './engine/host-slots.js'
import { EngineService } from './engine/service.js'
import { ImageHandler, imagesPerHost } from './image/process.js'
import { queueNames } from './jobs/queues.js'
import { RunHandler } from './run/process.js'
import { Sweep } from './run/sweep.js'
import type { CoordinatorParts } from './service.js'

/** Run jobs under way. Each takes a moment and is delayed again. */
const runsAtOnce = 8
/** A run job fails never by stalls: the sweep would only add another one. */
const runStalls = 1_000_000

/**
 * Starts a coordinator: it expands runs, plans images and publishes them. Any number of coordinators share the work.
 * `ready` rejects with `INVALID_ARGUMENT` when the services of the queue have another store.
 */
export function startCoordinator(parts: CoordinatorParts): Service {
  const engine = createEngine(parts)
  const images = new ImageHandler(engine, parts)
  const sweep = new Sweep(engine)
  const consumers = [
    new Consumer(engine, queueNames.runs, new RunHandler(engine, parts.published, parts), runsAtOnce, {
      maxStalled: runStalls,
    }),
    new Consumer(engine, queueNames.images, images, roomFor(parts.concurrency ?? imagesPerHost)),
  ]
  return new EngineService(engine, { consumers, start: () => sweep.begin(), stop: () => sweep.stop() })
}
