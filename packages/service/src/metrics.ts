import type { HostLimiter } from '@dist/remotes'
import type { ServiceEvent } from '@dist/runs'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a service counts. Names and units are those that Prometheus asks for. */
export interface ServiceMetrics {
  readonly registry: Registry
  count(event: ServiceEvent): void
  /** The limiter, with each pause of a host counted. */
  limiter(limiter: HostLimiter): HostLimiter
}

export interface MetricsParts {
  readonly service: string
  readonly version: string
  /** Jobs being worked on. */
  active(): number
}

/** Seconds: from a manifest that is near to a layer of gigabytes that is far. */
const durations = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800]

/** Metrics of their own registry: several services may run in one process. */
export function createMetrics({ service, version, active }: MetricsParts): ServiceMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'dist_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['service', 'version'],
    registers,
  }).set({ service, version }, 1)
  new Gauge({
    name: 'dist_jobs_active',
    help: 'Jobs being worked on.',
    registers,
    collect() {
      this.set(active())
    },
  })
  const jobs = jobMetrics(registers)
  const pauses = new Counter({
    name: 'dist_host_pauses_total',
    help: 'Pauses that registries asked for (429 or 503), heard by this process.',
    registers,
  })
  return {
    registry,
    count: (event) => jobs(event),
    limiter: (limiter) => ({
      acquire: (host, options) => limiter.acquire(host, options),
      failed: (host, because, options) => limiter.failed(host, because, options),
      answered: (host) => limiter.answered(host),
      pause: (host, milliseconds, because, options) => {
        pauses.inc()
        return limiter.pause(host, milliseconds, because, options)
      },
      state: (host) => limiter.state(host),
      states: () => limiter.states(),
    }),
  }
}

function jobMetrics(registers: Registry[]): (event: ServiceEvent) => void {
  const jobs = new Counter({
    name: 'dist_jobs_total',
    help: 'Jobs by kind (run, image, blob) and by how they went.',
    labelNames: ['kind', 'result'] as const,
    registers,
  })
  const bytes = new Counter({
    name: 'dist_fetched_bytes_total',
    help: 'Bytes of blobs that were fetched and committed.',
    registers,
  })
  const verified = new Counter({
    name: 'dist_verified_bytes_total',
    help: 'Bytes of stored blobs that were read again and are right.',
    registers,
  })
  const seconds = new Histogram({
    name: 'dist_job_duration_seconds',
    help: 'How long jobs took that were done.',
    labelNames: ['kind'] as const,
    buckets: durations,
    registers,
  })
  return (event) => {
    if (event.type === 'error' || event.state === 'started') return
    jobs.inc({ kind: event.type, result: event.state })
    if (event.type === 'run' || (event.state !== 'done' && event.state !== 'verified')) return
    if (event.type === 'blob') (event.state === 'verified' ? verified : bytes).inc(event.bytes ?? 0)
    if (event.milliseconds !== undefined) seconds.observe({ kind: event.type }, event.milliseconds / 1000)
  }
}
