import { expect, it } from 'vitest'
import { describeObstacle } from '../src/describe.js'

const now = Date.parse('2026-01-01T12:00:00Z')
const at = (seconds: number) => new Date(now + seconds * 1_000)

it.each([
  [{ kind: 'no-service', service: 'worker' } as const, 'no worker is alive: start dist worker'],
  [
    { kind: 'no-service', service: 'coordinator', lastSeenAt: at(-34) } as const,
    'no coordinator is alive, last seen 34 s ago: start dist coordinator',
  ],
  [
    { kind: 'paused-queue', queue: 'blobs' } as const,
    'the queue blobs is paused: resume it in the dashboard',
  ],
  [
    { kind: 'lost-schedules', names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], at: at(-60) } as const,
    'Redis lost 7 schedules at 2026-01-01T11:59:00Z (a, b, c, d, e, 2 more): apply the mirror file again with dist schedule apply',
  ],
  [
    {
      kind: 'paused-host',
      host: 'a.test',
      until: at(600),
      because: 'a.test is asked too much (429)',
    } as const,
    'a.test is paused until 2026-01-01T12:10:00Z (in 10 min): is asked too much (429)',
  ],
  [
    { kind: 'paused-host', host: 'a.test', until: at(-3), because: 'a.test does not answer' } as const,
    'a.test was paused, and is asked again by the next request: does not answer',
  ],
  [
    {
      kind: 'retries',
      images: 3,
      at: at(8),
      error: { code: 'UNAVAILABLE', message: 'the connection was reset' },
    } as const,
    '3 images wait for another attempt at 2026-01-01T12:00:08Z (in 8 s); last error: the connection was reset',
  ],
  [
    { kind: 'held', queue: 'blobs', subject: 'sha256:1', by: 'w1', silentSince: at(-7200) } as const,
    'blob sha256:1 is held by w1, silent since 2026-01-01T10:00:00Z (2 h ago)',
  ],
])('describes an obstacle in a sentence: %o', (obstacle, sentence) => {
  expect(describeObstacle(obstacle, now)).toBe(sentence)
})
