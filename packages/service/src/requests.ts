import { Counter, Histogram, type Registry } from 'prom-client'

/** A request of a client that a service has answered. */
export interface ServedRequest {
  readonly route: string
  readonly status: number
  /** Bytes of the body. */
  readonly bytes: number
  /** Milliseconds to the head of the answer. */
  readonly waited: number
  /** False when the connection ended before the answer did. */
  readonly complete: boolean
}

/** Seconds: from an answer from memory to a store that hardly answers. */
const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]

/** What a service that answers requests counts. */
export interface RequestMetrics {
  count(request: ServedRequest): void
  /** Something is wrong in the store or with it. */
  problem(code: string): void
}

/** Adds metrics of requests. */
export function measureRequests(registry: Registry): RequestMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'dist_requests_total',
    help: 'Requests of clients by route and status: 307 for a redirect, 0 when the client left before an answer.',
    labelNames: ['route', 'status'] as const,
    registers,
  })
  const bytes = new Counter({
    name: 'dist_sent_bytes_total',
    help: 'Bytes of bodies sent to clients.',
    labelNames: ['route'] as const,
    registers,
  })
  const broken = new Counter({
    name: 'dist_requests_broken_total',
    help: 'Requests whose connection ended before the answer did: the client left, was too slow, or the content is damaged.',
    labelNames: ['route'] as const,
    registers,
  })
  const seconds = new Histogram({
    name: 'dist_request_wait_seconds',
    help: 'Time from a request to the head of its answer.',
    labelNames: ['route'] as const,
    buckets,
    registers,
  })
  const problems = new Counter({
    name: 'dist_store_problems_total',
    help: 'Failures of the store by code. FAILED_PRECONDITION: content is damaged.',
    labelNames: ['code'] as const,
    registers,
  })
  return {
    problem: (code) => problems.inc({ code }),
    count: ({ route, status, waited, complete, ...sent }) => {
      requests.inc({ route, status })
      seconds.observe({ route }, waited / 1_000)
      if (sent.bytes > 0) bytes.inc({ route }, sent.bytes)
      if (!complete) broken.inc({ route })
    },
  }
}
