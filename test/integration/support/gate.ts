import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy that can be closed: it breaks its connections, and new ones at once. */
export class Gate implements AsyncDisposable {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #closed = false
  /** The number of connections that may still pass. */
  left = Number.POSITIVE_INFINITY
  /** Connections that it broke while it was closed. */
  refused = 0

  constructor(private readonly target: string) {
    this.#server = createServer((incoming) => this.#pass(incoming))
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy()
  }

  open(): void {
    this.#closed = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#server, 'close')
    this.#server.close()
    this.close()
    await ended
  }

  #pass(incoming: Socket): void {
    if (this.#closed || this.left === 0) {
      this.refused += 1
      incoming.resetAndDestroy()
      return
    }
    this.left--
    const { hostname, port } = new URL(this.target)
    const outgoing = connect(Number(port), hostname)
    this.#join(incoming, outgoing)
    this.#join(outgoing, incoming)
  }

  #join(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
    socket.pipe(other)
  }
}
