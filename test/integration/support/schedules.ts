import { openSchedules } from '@dist/queue'
import type { ScheduledFile, ScheduleRequest, Schedules } from '@dist/runs'
import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import type { QueueWorld } from './queue-world.js'

/** The schedules of a world's queue. They end with the world. */
export function schedulesOf(world: QueueWorld): Schedules {
  return openSchedules({ connect: () => world.connect(), tuning: world.tuning })
}

const hourly = { pattern: '0 * * * *', timeZone: 'UTC' } as const

/** The schedule of an image. Default: each hour. */
export function request(name: string, timing: ScheduleRequest['timing'] = hourly) {
  const text = JSON.stringify({ version: 1, mirrors: [{ name, from: `registry.test/${name}:1` }] })
  return { name, timing, sources: { text, language: 'json' } } as const
}

export function file(...requests: ScheduleRequest[]): ScheduledFile {
  return { file: '/etc/dist.yaml', requests }
}

/** Starts a coordinator that lists no registry: the entries name images. */
export function coordinator(world: QueueWorld, parts: Parameters<QueueWorld['coordinator']>[0] = {}) {
  const lists = { repository: unlisted, repositories: unlisted, datedTags: unlisted }
  return world.coordinator({ lists, ...parts })
}

function unlisted(): never {
  throw new Error('nothing is listed')
}

/** Has the next job of each schedule be due now. */
export async function hurry(world: QueueWorld): Promise<void> {
  const jobs = new Queue('schedules', { connection: world.connect(), prefix: '{dist}' })
  for (const job of await jobs.getDelayed()) await job.promote()
}

/** What the services of a world have said of schedules: `name state`. */
export function startsOf(world: QueueWorld): string[] {
  return world.events.flatMap((event) =>
    event.type === 'schedule' ? [`${event.schedule} ${event.state}`] : [],
  )
}

/** Resolves when they have said all of it. */
export async function said(world: QueueWorld, ...expected: string[]): Promise<void> {
  await waitFor(() => expected.every((each) => startsOf(world).includes(each)), expected.join(', '))
}
