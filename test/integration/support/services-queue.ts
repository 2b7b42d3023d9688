import { ociImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { type RedisServer, startRedis } from '@dist/testkit/servers'
import { afterEach, beforeEach } from 'vitest'
import type { Running, Workspace } from './workspace.js'

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
