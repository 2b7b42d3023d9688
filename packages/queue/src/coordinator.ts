import type { Service } from '@dist/runs'
import { Consumer } from './engine/consumer.js'
import { createEngine } from './engine/engine.js'
import { roomFor } from './engine/host-slots.js'
import { EngineService } from './engine/service.js'
import { ImageHandler, imagesPerHost } from './image/process.js'
import { queueNames } from './jobs/queues.js'
import { NoticeHandler, noticeAttempts, noticesAtOnce } from './notice/process.js'
import { QuestionHandler, questionsAtOnce } from './question/process.js'
import { MeasureKeeper } from './question/remeasure.js'
import { RunHandler } from './run/process.js'
import { Sweep } from './run/sweep.js'
import { ScheduleKeeper } from './schedule/keeper.js'
import { ScheduleHandler } from './schedule/process.js'
import type { CoordinatorParts } from './service.js'

/** Run jobs under way. Each takes a moment and is delayed again, except the one that collects garbage. */
const runsAtOnce = 8
/** Schedules that start a run at the same time. */
const schedulesAtOnce = 4
/** The job of a run or a schedule fails never by stalls: it does little, and another one would do the same. */
const anyStalls = 1_000_000
/** Failed deliveries, and questions, that stay in Redis, for the dashboard. */
const keptFailed = 1_000

/**
 * Starts a coordinator: it expands runs, plans images and publishes them. Any number of coordinators share the work.
 * `ready` rejects with `INVALID_ARGUMENT` when the services of the queue have another store.
 */
export function startCoordinator(parts: CoordinatorParts): Service {
  const engine = createEngine(parts)
  const images = new ImageHandler(engine, parts)
  const keepers = [
    new Sweep(engine),
    new ScheduleKeeper(engine, parts),
    new MeasureKeeper(engine, parts.measurements),
  ]
  const consumers = [
    new Consumer(engine, queueNames.runs, new RunHandler(engine, parts.published, parts), runsAtOnce, {
      maxStalled: anyStalls,
    }),
    new Consumer(engine, queueNames.schedules, new ScheduleHandler(engine), schedulesAtOnce, {
      maxStalled: anyStalls,
      // A scheduler adds no job with the id of one that is kept.
      keptCompleted: 0,
    }),
    new Consumer(engine, queueNames.notices, new NoticeHandler(engine, parts.notifier), noticesAtOnce, {
      attempts: noticeAttempts,
      keptFailed,
    }),
    new Consumer(engine, queueNames.questions, new QuestionHandler(engine, parts), questionsAtOnce, {
      attempts: 1,
      keptCompleted: 0,
      keptFailed,
    }),
    new Consumer(engine, queueNames.images, images, roomFor(parts.concurrency ?? imagesPerHost)),
  ]
  return new EngineService(engine, {
    consumers,
    start: () => {
      for (const keeper of keepers) keeper.begin()
    },
    stop: () => {
      for (const keeper of keepers) keeper.stop()
    },
  })
}
