import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a server that can be closed: connections break, and new ones are refused. */
export class Gate implements AsyncDisposable {
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor(private readonly target: string) {}

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Opens the way, always at the same port. */
  async open(): Promise<this> {
    const { hostname, port } = new URL(this.target)
    this.#server = createServer((incoming) => {
      const outgoing = connect(Number(port), hostname)
      for (const [socket, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close')
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#server = undefined
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
