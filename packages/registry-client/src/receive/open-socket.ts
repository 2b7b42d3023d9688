import type { Socket } from 'node:net'
import type buildConnector from 'undici/lib/core/connect.js'
import type { Connect, OnRead } from './connection.js'

type Connector = buildConnector.connector

/** `Connect` by undici's connectors, with their time-outs and TLS. `connector` makes one whose sockets read with `onread`. */
export function openSocket(connector: (onread: OnRead) => Connector): Connect {
  return (origin, onread, signal) => connected(connector(onread), target(origin), signal)
}

/** Opens a connection on which TLS is spoken with an origin. The signal gives up. */
export type OpenTunnel = (origin: URL, signal: AbortSignal) => Promise<Socket>

/** The same through tunnels. Node ignores `onread` for TLS on an open socket, so what arrives is copied. */
export function openInTunnel(connector: Connector, openTunnel: OpenTunnel): Connect {
  return async (origin, onread, signal) => {
    const httpSocket = await openTunnel(origin, signal)
    const socket = await connected(connector, { ...target(origin), httpSocket }, signal)
    socket.on('data', (data: Buffer) => passOn(data, onread))
    return socket
  }
}

function passOn(data: Buffer, onread: OnRead): void {
  for (let at = 0; at < data.byteLength; ) {
    const room = onread.buffer()
    const size = data.copy(room, 0, at)
    at += size
    onread.callback(size, room)
  }
}

function connected(
  connector: Connector,
  options: buildConnector.Options,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    // The types hide that the socket is returned.
    const connect = connector as (...args: Parameters<Connector>) => Socket
    const socket = connect(options, (error, connected) => {
      signal.removeEventListener('abort', giveUp)
      if (error === null) resolve(connected as Socket)
      else reject(error)
    })
    const giveUp = () => void socket.destroy(signal.reason)
    signal.addEventListener('abort', giveUp)
  })
}

function target({ host, hostname, protocol, port }: URL): buildConnector.Options {
  return { host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), protocol, port }
}
