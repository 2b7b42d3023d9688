import { Registry } from 'prom-client'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type JobCounts, measureQueues } from '../src/measure/queues.js'

function measured(countJobs: () => Promise<JobCounts>): Registry {
  const registry = new Registry()
  measureQueues(registry, countJobs)
  return registry
}

it('jobs with a priority count as waiting', async () => {
  const registry = measured(async () => ({ blobs: { active: 2, waiting: 3, prioritized: 4 } }))
  const text = await registry.metrics()
  expect(text).toContain('dist_queue_jobs{queue="blobs",state="active"} 2\n')
  expect(text).toContain('dist_queue_jobs{queue="blobs",state="waiting"} 7\n')
  expect(text).not.toContain('prioritized')
})

it('a scrape omits counts that Redis does not return in time', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const scrapes = [() => new Promise<never>(() => {}), () => Promise.reject(new Error('Redis is away'))].map(
    (countJobs) => measured(countJobs).metrics(),
  )
  await vi.advanceTimersByTimeAsync(2_000)
  for (const text of await Promise.all(scrapes)) expect(text).not.toContain('dist_queue_jobs{')
})
