export interface LoggedRequest {
  readonly method: string
  /** The path with its query. */
  readonly path: string
  readonly status: number
  readonly userAgent: string
}

export interface AccessLog {
  /** The start of the User-Agent of our own probes, which are not requests of the tested client. */
  readonly probe: string
  add(line: string): void
  requests(): readonly LoggedRequest[]
  clear(): void
  nextMarker(): number
  /** A probe with this marker was logged. */
  hasSeen(marker: string): boolean
}

// Apache's combined format: host, user, time, "request line", status, bytes, "referer", "user agent".
const combined = /^\S+ \S+ \S+ \[[^\]]*\] "([A-Z]+) (\S+) [^"]*" (\d{3}) \S+ "[^"]*" "([^"]*)"/

export function accessLog(): AccessLog {
  const probe = 'dist-probe'
  let requests: LoggedRequest[] = []
  let markers = 0
  const probes = new Set<string>()
  return {
    probe,
    add(line) {
      const request = parseLine(line)
      if (request?.userAgent.startsWith(probe)) probes.add(request.userAgent)
      else if (request) requests.push(request)
    },
    requests: () => requests,
    clear: () => {
      requests = []
    },
    nextMarker: () => ++markers,
    hasSeen: (marker) => probes.has(`${probe} ${marker}`),
  }
}

/** A line of an access log in Apache's combined format; undefined for any other line. */
function parseLine(line: string): LoggedRequest | undefined {
  const [, method, path, status, userAgent] = combined.exec(line) ?? []
  if (method === undefined || path === undefined || userAgent === undefined) return undefined
  return { method, path, status: Number(status), userAgent }
}
