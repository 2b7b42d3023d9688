import { type Registry, type RegistryOptions, startRegistry } from '@dist/testkit/servers'
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest'

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
