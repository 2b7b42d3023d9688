import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  bucketOfGateway,
  type GatewayBucket,
  type Registry,
  type RegistryOptions,
  startRegistry,
} from '@dist/testkit/servers'
import { afterAll, afterEach, beforeAll, beforeEach, inject, onTestFinished } from 'vitest'

/** What a `start...` function returns: a server, or something else that ends. */
type Running = AsyncDisposable | { stop(): Promise<void> }

/** For all tests of the file: `const redis = await forFile(startRedis())`. Stopped after the last test. */
export async function forFile<T extends Running>(starting: Promise<T>): Promise<T> {
  const running = await starting
  afterAll(() => stop(running))
  return running
}

/** For the test that calls it: `const redis = await forTest(startRedis())`. Stopped when the test has finished. */
export async function forTest<T extends Running>(starting: Promise<T>): Promise<T> {
  const running = await starting
  onTestFinished(() => stop(running))
  return running
}

/** A new one for each test of the file: `const redis = perTest(() => startRedis())`; tests call `redis()`. */
export function perTest<T extends Running>(start: () => Promise<T>): () => T {
  let running: T | undefined
  beforeEach(async () => {
    running = await start()
  })
  afterEach(async () => {
    if (running !== undefined) await stop(running)
    running = undefined
  })
  return () => {
    if (running === undefined) throw new Error('called outside of a test')
    return running
  }
}

async function stop(running: Running): Promise<void> {
  if ('stop' in running) await running.stop()
  else await running[Symbol.asyncDispose]()
}

/** One registry for all tests of a file. */
export function useRegistry(
  fill: (registry: Registry) => Promise<void> = async () => {},
  options: RegistryOptions = {},
): () => Registry {
  let registry: Registry | undefined
  beforeAll(async () => {
    registry = await startRegistry(options)
    await fill(registry)
  })
  afterAll(() => registry?.stop())
  return () => {
    if (registry === undefined) throw new Error('outside of a test')
    return registry
  }
}

let gateway: Promise<string> | undefined

/**
 * The S3 gateway that all files share, since it takes seconds to start, with an empty bucket for the caller. No test may stop it.
 */
export async function sharedGateway(): Promise<GatewayBucket> {
  gateway ??= askForGateway()
  return bucketOfGateway(await gateway, `dist-${randomUUID()}`)
}

/** Resolves to the address of the gateway that `gateway-host.ts` starts. */
async function askForGateway(): Promise<string> {
  const answer = JSON.parse(await text(connect(inject('gatewayHost')))) as {
    endpoint?: string
    error?: string
  }
  if (answer.endpoint === undefined) throw new Error(answer.error)
  return answer.endpoint
}
