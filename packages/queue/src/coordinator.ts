import type { Service } from '@dist/runs'
import { Consumer } from './engine/consumer.js'
import { createEngine } from './engine/engine.js'
import { roomFor } from './engine/host-slots.js'
import { EngineService } from './engine/service.js'
import { ImageHandler, imagesOfHost } from './image/process.js'
import { queueNames } from './jobs/queues.js'
import { RunHandler } from './run/process.js'
import { Sweep } from './run/sweep.js'
import type { CoordinatorParts } from './service.js'

/** Runs are looked at, not worked on: each takes a moment. */
const runsAtOnce = 8
/** A run's job harms nobody, however often its coordinator was killed; the sweep would only add another. */
const runStalls = 1_000_000

/**
 * Takes runs and images: expands, plans and publishes. Any number of coordinators share the work. `ready` rejects
 * with `INVALID_ARGUMENT` when the services of the queue have another store.
 */
export function startCoordinator(parts: CoordinatorParts): Service {
  const engine = createEngine(parts)
  const images = new ImageHandler(engine, parts)
  const sweep = new Sweep(engine)
  const consumers = [
    new Consumer(engine, queueNames.runs, new RunHandler(engine, parts.published), runsAtOnce, runStalls),
    new Consumer(engine, queueNames.images, images, roomFor(parts.concurrency ?? imagesOfHost)),
  ] as unknown as readonly Consumer<never>[]
  return new EngineService(engine, { consumers, stop: () => sweep.stop() }, () => sweep.begin())
}
