import type { Obstacle, ObstacleReader } from '@dist/runs'
import { Gauge, type Registry } from 'prom-client'

/** Requests within this time share one answer. */
const cacheMs = 1_000

/** A cached reader of obstacles for health pages and metrics. Returns no obstacles while Redis is unavailable. */
export function cacheObstacles(read: ObstacleReader): () => Promise<readonly Obstacle[]> {
  let readAt = Number.NEGATIVE_INFINITY
  let answer: Promise<readonly Obstacle[]> = Promise.resolve([])
  return () => {
    if (performance.now() - readAt < cacheMs) return answer
    readAt = performance.now()
    answer = read().catch(() => [])
    return answer
  }
}

/** Adds the obstacles to the metrics. All services of a queue report the same values. */
export function measureObstacles(registry: Registry, read: () => Promise<readonly Obstacle[]>): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    set: (gauge: Gauge, obstacles: readonly Obstacle[]) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const obstacles = await read()
        this.reset()
        set(this, obstacles)
      },
    })
  gauge('dist_services_missing', '1 when no service of this kind is alive.', ['service'], (to, obstacles) => {
    for (const service of ['coordinator', 'worker'])
      to.set(
        { service },
        Number(obstacles.some((each) => each.kind === 'no-service' && each.service === service)),
      )
  })
  gauge('dist_queue_paused', '1 while the queue is paused.', ['queue'], (to, obstacles) => {
    for (const queue of ['schedules', 'runs', 'images', 'blobs'])
      to.set(
        { queue },
        Number(obstacles.some((each) => each.kind === 'paused-queue' && each.queue === queue)),
      )
  })
  gauge(
    'dist_host_paused_until_timestamp_seconds',
    'End of the pause of a host; absent for hosts without a pause.',
    ['host', 'because'],
    (to, obstacles) => {
      for (const each of obstacles)
        if (each.kind === 'paused-host')
          to.set({ host: each.host, because: each.because }, each.until.getTime() / 1_000)
    },
  )
  gauge('dist_images_retrying', 'Images that failed and wait for a retry.', [], (to, obstacles) => {
    to.set(obstacles.reduce((sum, each) => sum + (each.kind === 'retries' ? each.images : 0), 0))
  })
  gauge(
    'dist_next_retry_timestamp_seconds',
    'Time of the next retry of an image; absent when none is scheduled.',
    [],
    (to, obstacles) => {
      const retries = obstacles.find((each) => each.kind === 'retries')
      if (retries === undefined) to.remove()
      else to.set(retries.at.getTime() / 1_000)
    },
  )
  gauge(
    'dist_jobs_held_by_silent_services',
    'Jobs held by services whose heartbeat has stopped.',
    ['queue'],
    (to, obstacles) => {
      for (const queue of ['images', 'blobs'])
        to.set({ queue }, obstacles.filter((each) => each.kind === 'held' && each.queue === queue).length)
    },
  )
}
