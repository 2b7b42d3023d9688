import { parentPort, workerData } from 'node:worker_threads'
import { openLocalStore } from '@dist/content-local'
import { transferBlob } from '@dist/mirror'
import { type Authorizer, createRepository, createTransport, type RequestEvent } from '@dist/registry-client'
import { Channel } from './channel.js'
import { forwardingLimiter } from './forwarding-limiter.js'
import { PassedBytes } from './passed-bytes.js'
import type { ThreadSettings, TransferCall } from './protocol.js'
import { throttleProgress } from './throttle.js'

const progressIntervalMs = 100

/** The program of a worker thread: transfers blobs, and requests tokens and permits from the main thread. */
async function serve(settings: ThreadSettings): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('thread.js runs as a worker thread only')
  // The main thread has created it.
  const opening = openLocalStore(settings.root, { create: false })
  // A failure is reported by the transfers. Unhandled, it would end the thread and lose the error code.
  opening.catch(() => {})
  const channel = new Channel(port, {
    transfer: async (call: TransferCall, signal) => {
      const store = await opening
      const { endpoints, locator } = call
      const fetcher = createRepository({ transport, endpoints: async () => endpoints, locator })
      const onProgress = throttleProgress(
        (offset) => channel.call('progress', { transfer: call.transfer, offset }),
        progressIntervalMs,
      )
      const onArrived = () => channel.call<void>('arrived', call.transfer)
      const parts = { fetcher, ingester: store.content }
      return transferBlob(call.desc, parts, { signal, onProgress, onArrived })
    },
    close: async () => {
      const store = await opening
      await store.close()
    },
  })
  const authorizer: Authorizer = {
    authorization: (endpoint, scope) => channel.call('authorization', { endpoint, scope }),
    challenged: (endpoint, scope, challenges, rejected, reached) =>
      channel.call('challenged', { endpoint, scope, challenges, rejected, reached }),
    withheld: (endpoint, scope) => channel.call('withheld', { endpoint, scope }),
    // The main thread knows it.
    accountOf: () => undefined,
  }
  const limiter = forwardingLimiter(channel)
  const { userAgent, proxy, addresses, connectionsPerHost, largeBody, verbose, metered } = settings
  const onRequest = verbose ? (event: RequestEvent) => void channel.call('requested', event) : undefined
  const passed = new PassedBytes((bytes) => void channel.call('passed', bytes))
  const transport = createTransport({
    authorizer,
    limiter,
    userAgent,
    proxy,
    addresses,
    connectionsPerHost,
    largeBody,
    onRequest,
    onBytes: metered ? passed.add : undefined,
  })
  await channel.call('ready', undefined)
}

void serve(workerData as ThreadSettings)
