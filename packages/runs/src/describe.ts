import type { Obstacle } from './obstacle.js'

/** An obstacle as a sentence, for terminals, logs and probes. `now`: milliseconds since 1970. */
export function describeObstacle(obstacle: Obstacle, now = Date.now()): string {
  switch (obstacle.kind) {
    case 'no-service': {
      const { service, lastSeenAt } = obstacle
      const seen = lastSeenAt === undefined ? '' : `, last seen ${ago(lastSeenAt, now)}`
      return `no ${service} is alive${seen}: start dist ${service}`
    }
    case 'paused-queue':
      return `the queue ${obstacle.queue} is paused: resume it in the dashboard`
    case 'lost-schedules': {
      const { names, at } = obstacle
      const lost = `Redis lost ${names.length === 1 ? 'a schedule' : `${names.length} schedules`} at ${clock(at)}`
      return `${lost} (${listed(names)}): apply the mirror file again with dist schedule apply`
    }
    case 'paused-host': {
      const { host, until, because } = obstacle
      // The reason may begin with the host.
      const why = because.startsWith(host) ? because.slice(host.length).trimStart() : because
      if (until.getTime() <= now) return `${host} was paused, and is asked again by the next request: ${why}`
      return `${host} is paused until ${clock(until)} (${ahead(until, now)}): ${why}`
    }
    case 'quota': {
      const { host, remaining, limit, asksAt } = obstacle
      const left = limit === undefined ? `${remaining}` : `${remaining} of ${limit}`
      return `${host} allows ${left} more pulls: pulls wait for its quota, asked again at ${clock(asksAt)} (${ahead(asksAt, now)})`
    }
    case 'retries': {
      const { images, at, error } = obstacle
      const what = images === 1 ? '1 image waits' : `${images} images wait`
      const why = error === undefined ? '' : `; last error: ${error.message}`
      return `${what} for another attempt at ${clock(at)} (${ahead(at, now)})${why}`
    }
    case 'held': {
      const { queue, subject, by, silentSince } = obstacle
      const what = queue === 'blobs' ? 'blob ' : ''
      return `${what}${subject} is held by ${by}, silent since ${clock(silentSince)} (${ago(silentSince, now)})`
    }
  }
}

/** Names that one message lists. */
const listedAtMost = 5

function listed(names: readonly string[]): string {
  const more = names.length > listedAtMost ? [`${names.length - listedAtMost} more`] : []
  return [...names.slice(0, listedAtMost), ...more].join(', ')
}

function clock(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

function ahead(date: Date, now: number): string {
  const left = date.getTime() - now
  return left < 1_000 ? 'now' : `in ${duration(left)}`
}

function ago(date: Date, now: number): string {
  return `${duration(Math.max(0, now - date.getTime()))} ago`
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
