import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Scripted extends AsyncDisposable {
  readonly host: string
  /** Method and path of the requests so far. */
  readonly requests: readonly string[]
}

/** A registry that answers with a function of the test; for answers that no real one gives. */
export async function startScripted(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Scripted> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
