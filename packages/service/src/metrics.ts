import { codeOf } from '@dist/errdefs'
import type { HostLimiter } from '@dist/remotes'
import type { ServiceEvent } from '@dist/runs'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The metrics of a service, named by the conventions of Prometheus. */
export interface ServiceMetrics {
  readonly registry: Registry
  count(event: ServiceEvent): void
  /** A wrapper of the limiter that counts pauses. */
  limiter(limiter: HostLimiter): HostLimiter
}

export interface MetricsParts {
  readonly service: string
  readonly version: string
  /** Number of jobs in progress. */
  active(): number
}

/** Seconds: from a small manifest on the local network to a layer of several gigabytes. */
const durations = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800]

/** Creates metrics in a registry of their own: several services may run in one process. */
export function createMetrics({ service, version, active }: MetricsParts): ServiceMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'dist_build_info',
    help: 'Always 1; the labels have the version.',
    labelNames: ['service', 'version'],
    registers,
  }).set({ service, version }, 1)
  new Gauge({
    name: 'dist_jobs_active',
    help: 'Jobs in progress.',
    registers,
    collect() {
      this.set(active())
    },
  })
  const jobs = jobMetrics(registers)
  const pauses = new Counter({
    name: 'dist_host_pauses_total',
    help: 'Pauses that registries requested from this process (429 or 503).',
    registers,
  })
  const refusals = new Counter({
    name: 'dist_host_refusals_total',
    help: 'Requests that registries refused because of their rate. Each was sent again, at a lower rate.',
    registers,
  })
  return {
    registry,
    count: (event) => jobs(event),
    limiter: (limiter) => ({
      acquire: (host, options) => limiter.acquire(host, options),
      failed: (host, because, options) => limiter.failed(host, because, options),
      answered: (host, options) => limiter.answered(host, options),
      pause: (host, milliseconds, because, options) => {
        pauses.inc()
        return limiter.pause(host, milliseconds, because, options)
      },
      refused: async (host, milliseconds, because, options) => {
        const wait = await limiter.refused(host, milliseconds, because, options)
        if (wait === undefined) pauses.inc()
        else refusals.inc()
        return wait
      },
      state: (host) => limiter.state(host),
      states: () => limiter.states(),
      takeBytes: (host, bytes) => limiter.takeBytes(host, bytes),
      admitPull: (host) => limiter.admitPull(host),
      told: (host, quota) => limiter.told(host, quota),
      pullTurn: (host) => limiter.pullTurn(host),
      quotas: () => limiter.quotas(),
      limits: () => limiter.limits(),
    }),
  }
}

function jobMetrics(registers: Registry[]): (event: ServiceEvent) => void {
  const jobs = new Counter({
    name: 'dist_jobs_total',
    help: 'Jobs by kind (schedule, run, image, blob, notice, collection) and result.',
    labelNames: ['kind', 'result'] as const,
    registers,
  })
  const bytes = new Counter({
    name: 'dist_fetched_bytes_total',
    help: 'Bytes of blobs fetched and committed.',
    registers,
  })
  const verified = new Counter({
    name: 'dist_verified_bytes_total',
    help: 'Bytes of stored blobs read and found intact.',
    registers,
  })
  const deleted = new Counter({
    name: 'dist_collected_bytes_total',
    help: 'Bytes of content that garbage collections deleted.',
    registers,
  })
  const seconds = new Histogram({
    name: 'dist_job_duration_seconds',
    help: 'Duration of jobs that succeeded.',
    labelNames: ['kind'] as const,
    buckets: durations,
    registers,
  })
  const errors = new Counter({
    name: 'dist_job_errors_total',
    help: 'Failed tries of jobs by kind and code of the error, also those that are tried again.',
    labelNames: ['kind', 'code'] as const,
    registers,
  })
  return (event) => {
    if ('error' in event && event.type !== 'error' && event.error !== undefined)
      errors.inc({ kind: event.type, code: codeOf(event.error) })
    if (event.type === 'error' || event.type === 'name' || event.type === 'content') return
    if (event.state === 'started') return
    jobs.inc({ kind: event.type, result: event.state })
    if (event.type === 'collection') {
      if (!event.dryRun) deleted.inc(event.bytes)
      return
    }
    if (
      event.type === 'run' ||
      event.type === 'schedule' ||
      event.type === 'notice' ||
      (event.state !== 'done' && event.state !== 'verified')
    )
      return
    if (event.type === 'blob') (event.state === 'verified' ? verified : bytes).inc(event.bytes ?? 0)
    if (event.milliseconds !== undefined) seconds.observe({ kind: event.type }, event.milliseconds / 1000)
  }
}
