import type { Socket } from 'node:net'
import { type AddressKind, isOutward } from '@dist/remotes'

/** How long a host's kind is kept after its last connection. */
const lifetimeMs = 10 * 60_000

interface Peer {
  kind: AddressKind
  /** Open connections, with the kind of their address. */
  readonly sockets: Map<Socket, AddressKind>
  expiresAt: number
}

/**
 * The kinds of address at which hosts that the user has named were reached. Until an entry expires, a name server cannot
 * make its host more inward than it was.
 */
export class Peers {
  readonly #peers = new Map<string, Peer>()

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** The most outward kind of address at which a host was reached. Undefined: not reached, or expired. */
  kindOf(hostname: string): AddressKind | undefined {
    const peer = this.#peers.get(hostname)
    if (peer === undefined) return undefined
    if (peer.sockets.size > 0 || this.clock() < peer.expiresAt) return peer.kind
    this.#peers.delete(hostname)
    return undefined
  }

  /** Records where a host was reached. Closes its connections to more inward addresses. */
  record(hostname: string, kind: AddressKind, socket?: Socket): void {
    const known = this.kindOf(hostname)
    const peer = this.#peers.get(hostname) ?? { kind, sockets: new Map(), expiresAt: 0 }
    this.#peers.set(hostname, peer)
    if (known === undefined || isOutward(kind, known)) peer.kind = kind
    peer.expiresAt = this.clock() + lifetimeMs
    if (socket !== undefined) this.#watch(peer, socket, kind)
    for (const [other, at] of peer.sockets) if (!isOutward(at, peer.kind)) other.destroy()
  }

  #watch(peer: Peer, socket: Socket, kind: AddressKind): void {
    peer.sockets.set(socket, kind)
    socket.once('close', () => {
      peer.sockets.delete(socket)
      peer.expiresAt = this.clock() + lifetimeMs
    })
  }
}
