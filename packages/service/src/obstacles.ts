import type { Obstacle, ObstacleReader } from '@dist/runs'
import { Gauge, type Registry } from 'prom-client'

/** Milliseconds for which an answer serves all who ask. */
const fresh = 1_000

/** What stands in the way, for the pages of a service: read once for many, and nothing while Redis is away. */
export function cacheObstacles(read: ObstacleReader): () => Promise<readonly Obstacle[]> {
  let asked = Number.NEGATIVE_INFINITY
  let answer: Promise<readonly Obstacle[]> = Promise.resolve([])
  return () => {
    if (performance.now() - asked < fresh) return answer
    asked = performance.now()
    answer = read().catch(() => [])
    return answer
  }
}

/** Adds what stands in the way to the metrics. All services of a queue show the same. */
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
  gauge(
    'dist_services_missing',
    'Whether no service of this sort is alive.',
    ['service'],
    (to, obstacles) => {
      for (const service of ['coordinator', 'worker'])
        to.set(
          { service },
          Number(obstacles.some((each) => each.kind === 'no-service' && each.service === service)),
        )
    },
  )
  gauge('dist_queue_paused', 'Whether somebody has paused the queue.', ['queue'], (to, obstacles) => {
    for (const queue of ['runs', 'images', 'blobs'])
      to.set(
        { queue },
        Number(obstacles.some((each) => each.kind === 'paused-queue' && each.queue === queue)),
      )
  })
  gauge(
    'dist_host_paused_until_timestamp_seconds',
    'When a host that is paused is asked again; only hosts that are.',
    ['host', 'because'],
    (to, obstacles) => {
      for (const each of obstacles)
        if (each.kind === 'paused-host')
          to.set({ host: each.host, because: each.because }, each.until.getTime() / 1_000)
    },
  )
  gauge('dist_images_retrying', 'Images that failed and wait to be tried again.', [], (to, obstacles) => {
    to.set(obstacles.reduce((sum, each) => sum + (each.kind === 'retries' ? each.images : 0), 0))
  })
  gauge(
    'dist_next_retry_timestamp_seconds',
    'When the first of them is tried again; absent when there is none.',
    [],
    (to, obstacles) => {
      const retries = obstacles.find((each) => each.kind === 'retries')
      if (retries === undefined) to.remove()
      else to.set(retries.at.getTime() / 1_000)
    },
  )
  gauge(
    'dist_jobs_held_by_silent_services',
    'Jobs of services that give no sign of life.',
    ['queue'],
    (to, obstacles) => {
      for (const queue of ['images', 'blobs'])
        to.set({ queue }, obstacles.filter((each) => each.kind === 'held' && each.queue === queue).length)
    },
  )
}
