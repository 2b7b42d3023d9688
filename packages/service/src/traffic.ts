import { Counter, type Registry } from 'prom-client'
import { BoundedLabel } from './bounded-label.js'

/** A request to a host, at its end. */
export interface AskedRequest {
  readonly method: string
  readonly url: string
  /** Undefined without an answer. */
  readonly status: number | undefined
}

/** Counts what passes between this process and registries. */
export interface TrafficMetrics {
  onRequest(request: AskedRequest): void
  onBytes(host: string, direction: 'received' | 'sent', bytes: number): void
}

/** Adds metrics of the requests to hosts. */
export function measureTraffic(registry: Registry): TrafficMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'dist_host_requests_total',
    help: 'Requests to a host by direction (pull, push) and class of the status; none: without an answer.',
    labelNames: ['host', 'direction', 'status'] as const,
    registers,
  })
  const bytes = new Counter({
    name: 'dist_host_bytes_total',
    help: 'Bytes of bodies by host and direction (received, sent), counted while they pass.',
    labelNames: ['host', 'direction'] as const,
    registers,
  })
  const hosts = new BoundedLabel()
  return {
    onRequest: ({ method, url, status }) => {
      const direction = method === 'GET' || method === 'HEAD' ? 'pull' : 'push'
      const host = hosts.of(new URL(url).host)
      requests.inc({ host, direction, status: statusClass(status) })
    },
    onBytes: (host, direction, count) => bytes.inc({ host: hosts.of(host), direction }, count),
  }
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.trunc(status / 100)}xx`
}
