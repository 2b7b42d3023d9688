import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Locator } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { expect, onTestFinished, test } from 'vitest'
import { type Authorizer, createRepository, createTransport, type Endpoint } from '../src/index.js'
import { client, collect, refTo, scripted, seededBlob, shortWaits } from './support.js'

type Call = { id: number; method: keyof Authorizer; args: [Endpoint, string, string[], string | undefined] }
type Answer = { id: number; value: string | undefined }

/** The authorizer at the other end of a port: arguments and results are cloned, as between threads. */
function remoteAuthorizer(port: MessagePort): Authorizer {
  const waiting = new Map<number, (value: string | undefined) => void>()
  port.on('message', ({ id, value }: Answer) => waiting.get(id)?.(value))
  const call = (method: keyof Authorizer, ...args: unknown[]) =>
    new Promise<string | undefined>((resolve) => {
      const id = waiting.size
      waiting.set(id, resolve)
      port.postMessage({ id, method, args })
    })
  return {
    authorization: (...args) => call('authorization', ...args),
    challenged: async (...args) => (await call('challenged', ...args)) ?? '',
    withheld: (...args) => call('withheld', ...args),
    accountOf: () => undefined,
  }
}

function serve(port: MessagePort, authorizer: Authorizer): void {
  port.on('message', async ({ id, method, args }: Call) => {
    const [endpoint, scope, challenges, rejected] = args
    const value =
      method === 'authorization'
        ? await authorizer.authorization(endpoint, scope)
        : await authorizer.challenged(endpoint, scope, challenges, rejected)
    port.postMessage({ id, value })
  })
}

test('a repository works with cloned endpoints, and with tokens of an authorizer behind a message port', async () => {
  const registry = await scripted({ auth: {}, blobHost: true })
  const { desc, content } = seededBlob(registry, 100_000)
  const owner = client()
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  serve(port1, owner.authorizer)
  const locator: Locator = refTo(registry, 'a/b')
  const endpoints = structuredClone(await owner.endpointsFor(locator))
  const transport = createTransport({
    ...shortWaits,
    authorizer: remoteAuthorizer(port2),
    limiter: createHostLimiter({ requests: 2 }),
  })
  onTestFinished(() => transport[Symbol.asyncDispose]())
  const fetcher = createRepository({ transport, endpoints: async () => endpoints, locator })
  for (let i = 0; i < 3; i++) {
    const { body } = await fetcher.fetch(desc)
    expect((await collect(body)).equals(content)).toBe(true)
  }
  expect(registry.received({ path: '/token' })).toHaveLength(1)
})

test('without an authorizer a 401 is an error', async () => {
  const registry = await scripted({ auth: {} })
  const { desc } = seededBlob(registry, 10)
  const locator = refTo(registry, 'a/b')
  const transport = createTransport(shortWaits)
  onTestFinished(() => transport[Symbol.asyncDispose]())
  const endpoints = await client().endpointsFor(locator)
  const fetching = createRepository({ transport, endpoints: async () => endpoints, locator }).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})
