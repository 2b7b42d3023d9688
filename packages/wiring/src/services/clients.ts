import {
  openPushes,
  openQuestions,
  openQueueControl,
  openRuns,
  openSchedules,
  openSessions,
  openTokens,
} from '@dist/queue'
import {
  createRedisStatuses,
  readThroughput,
  type ServiceEntry,
  serviceLister,
  type Throughput,
  type WorkerStatus,
} from '@dist/redis'
import type { HostReport, ResumedHost } from '@dist/remotes'
import type {
  ObstacleReader,
  Pushes,
  Questions,
  QueueControl,
  Runs,
  Schedules,
  Sessions,
  Tokens,
} from '@dist/runs'
import { openHosts, openObstacles, reportHosts, resumeHost } from '../redis.js'
import type { QueueConnection } from './connect.js'

/** What the API of a queue answers from, and works on. */
export interface QueueClients extends AsyncDisposable {
  readonly runs: Runs
  readonly schedules: Schedules
  readonly queues: QueueControl
  readonly tokens: Tokens
  readonly sessions: Sessions
  readonly pushes: Pushes
  /** What coordinators are asked about their store and about registries. */
  readonly questions: Questions
  readonly obstacles: ObstacleReader
  readonly services: () => Promise<ServiceEntry[]>
  /** The writes in progress of all workers. */
  readonly transfers: () => AsyncIterable<WorkerStatus>
  readonly hosts: () => Promise<HostReport[]>
  /** Ends the pause of a host early. */
  readonly resumeHost: (host: string) => Promise<ResumedHost>
  readonly throughput: () => Promise<Throughput>
}

/** Milliseconds for an answer of Redis. */
const timeoutMs = 5_000

/** Opens the clients of a queue, over connections of their own. */
export async function openClients({ redis, connect }: QueueConnection): Promise<QueueClients> {
  const options = { connect, tuning: { timeoutMs } }
  const hosts = await openHosts(redis)
  const runs = openRuns(options)
  const schedules = openSchedules(options)
  const queues = openQueueControl(options)
  const tokens = openTokens(options)
  const sessions = openSessions(options)
  const pushes = openPushes(options)
  const services = serviceLister(redis, { timeoutMs })
  const questions = openQuestions({ ...options, services })
  const statuses = createRedisStatuses(redis, { worker: 'client', timeoutMs })
  return {
    ...{ runs, schedules, queues, tokens, sessions, pushes, questions },
    obstacles: await openObstacles(redis, hosts),
    services,
    transfers: () => statuses.list(),
    hosts: () => reportHosts(hosts),
    resumeHost: (host) => resumeHost(host, hosts, queues),
    throughput: () => readThroughput(redis, { timeoutMs }),
    [Symbol.asyncDispose]: async () => {
      for (const each of [runs, schedules, queues, tokens, sessions, pushes, questions])
        await each[Symbol.asyncDispose]()
    },
  }
}
