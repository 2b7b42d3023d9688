import type { Socket } from 'node:net'
import { type AddressKind, isOutward } from '@dist/remotes'

/** Milliseconds for which it is known where a host was reached, beyond its last connection. */
const remembered = 10 * 60_000

interface Peer {
  kind: AddressKind
  /** Open connections, and what kind of address each is made to. */
  readonly sockets: Map<Socket, AddressKind>
  forgottenAt: number
}

/**
 * Where hosts that a user named were reached. A name server that gives another address later cannot make a host more
 * inward than it was, as long as anything of it is remembered.
 */
export class Peers {
  readonly #peers = new Map<string, Peer>()

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** The outermost kind of address at which a host was reached. Undefined: it was not, or long ago. */
  kindOf(hostname: string): AddressKind | undefined {
    const peer = this.#peers.get(hostname)
    if (peer === undefined) return undefined
    if (peer.sockets.size > 0 || this.clock() < peer.forgottenAt) return peer.kind
    this.#peers.delete(hostname)
    return undefined
  }

  /** Takes note of where a host was reached. Connections to more inward addresses of it are closed. */
  met(hostname: string, kind: AddressKind, socket?: Socket): void {
    const known = this.kindOf(hostname)
    const peer = this.#peers.get(hostname) ?? { kind, sockets: new Map(), forgottenAt: 0 }
    this.#peers.set(hostname, peer)
    if (known === undefined || isOutward(kind, known)) peer.kind = kind
    peer.forgottenAt = this.clock() + remembered
    if (socket !== undefined) this.#watch(peer, socket, kind)
    for (const [other, at] of peer.sockets) if (!isOutward(at, peer.kind)) other.destroy()
  }

  #watch(peer: Peer, socket: Socket, kind: AddressKind): void {
    peer.sockets.set(socket, kind)
    socket.once('close', () => {
      peer.sockets.delete(socket)
      peer.forgottenAt = this.clock() + remembered
    })
  }
}
