import { ociImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { type RedisServer, startRedis } from '@dist/testkit/servers'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Ended, type Running, Workspace } from './workspace.js'

/** An empty Redis for each test of the file. */
export function useRedis(): () => RedisServer {
  let redis: RedisServer | undefined
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis?.stop())
  return () => {
    if (redis === undefined) throw new Error('outside of a test')
    return redis
  }
}

export interface Services {
  readonly coordinator: Running
  readonly worker: Running
}

/** Starts a coordinator and a worker on the workspace's store; resolves when both are ready. */
export async function startServices(
  workspace: Workspace,
  queue: string,
  args: readonly string[] = [],
): Promise<Services> {
  const flags = ['--queue', queue, '--listen', '127.0.0.1:0', ...args]
  const coordinator = workspace.start(['coordinator', ...flags])
  const worker = workspace.start(['worker', ...flags, '--name', 'w1'])
  await Promise.all([coordinator.said('"ready"'), worker.said('"ready"')])
  return { coordinator, worker }
}

/** A queue with its services, and a store. */
export interface ServedQueue extends Services {
  readonly workspace: Workspace
  readonly redis: RedisServer
  /** Runs `dist` with the queue to its end. */
  dist(args: readonly string[]): Promise<Ended>
}

/**
 * One queue, a coordinator and a worker for all tests of the file, or of the group that calls it. A test needs names of its
 * own and must not end the services. `args`: of both services.
 */
export function useServedQueue(args: readonly string[] = []): () => ServedQueue {
  const workspace = new Workspace()
  let redis: RedisServer | undefined
  let queue: ServedQueue | undefined
  beforeAll(async () => {
    redis = await startRedis()
    const env = { DIST_QUEUE: redis.url }
    const services = await startServices(workspace, redis.url, args)
    queue = { ...services, workspace, redis, dist: (words) => workspace.dist(words, { env }) }
  }, 120_000)
  afterAll(async () => {
    workspace.remove()
    await redis?.stop()
  })
  return () => {
    if (queue === undefined) throw new Error('outside of a test')
    return queue
  }
}

/** The layer that the images of `pushMany` share. */
const base = tarLayer([{ path: 'etc/base', content: 'base\n' }])

/** Pushes images `prefix/0:1`, `prefix/1:1`…, each with one own layer and one that they share. */
export async function pushMany(url: string, prefix: string, count: number): Promise<void> {
  await Promise.all(
    [...Array(count).keys()].map((i) => {
      const own = tarLayer([{ path: `etc/${prefix}-${i}`, content: `${prefix} ${i}\n` }])
      return pushImage(url, `${prefix}/${i}`, '1', ociImage({ layers: [base, own] }))
    }),
  )
}
