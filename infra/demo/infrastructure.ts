import { type Gateway, type RedisServer, startGateway, startRedis } from '@dist/testkit/servers'
import { row, step } from './screen.js'
import type { Stage } from './stage.js'
import { versionOf } from './versions.js'

/** What services of dist share: the queue's server and an object store. */
export interface Infrastructure {
  readonly redis: RedisServer
  readonly gateway: Gateway
}

const columns = [22, 17]

/** Starts both for this demo alone. Throws where one of them does not start. */
export async function startInfrastructure(stage: Stage): Promise<Infrastructure> {
  step('The servers, private to this demo')
  const redis = await startRedis()
  stage.onEnd(() => redis.stop())
  started(`redis-server ${versionOf('redis-server')}`, `127.0.0.1:${redis.port}`, 'the queue and the locks')
  stage.signal.throwIfAborted()
  const gateway = await startGateway({ bucket: 'mirror' })
  stage.onEnd(() => gateway.stop())
  started(`radosgw ${versionOf('radosgw')}`, new URL(gateway.endpoint).host, 'S3, where the images go')
  stage.signal.throwIfAborted()
  return { redis, gateway }
}

/** Prints a program that was started, in columns. */
export function started(what: string, where: string, role: string): void {
  row([what, where, role], columns)
}
