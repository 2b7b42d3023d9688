import { expect, it } from 'vitest'
import { createMetrics } from '../src/metrics.js'

it('fetched bytes and verified bytes have separate counters', async () => {
  const { registry, count } = createMetrics({ service: 'worker', version: '1', active: () => 2 })
  const blob = { type: 'blob', run: 'r', subject: 'sha256:1', milliseconds: 20 } as const
  count({ ...blob, state: 'done', bytes: 100 })
  count({ ...blob, state: 'verified', bytes: 7 })
  count({ ...blob, state: 'verified', bytes: 8 })
  count({ ...blob, state: 'present', bytes: 900 })
  const text = await registry.metrics()
  for (const line of [
    'dist_fetched_bytes_total 100',
    'dist_verified_bytes_total 15',
    'dist_jobs_total{kind="blob",result="verified"} 2',
    'dist_job_duration_seconds_count{kind="blob"} 3',
    'dist_jobs_active 2',
  ])
    expect(text).toContain(`${line}\n`)
})
