import { connect, type Socket } from 'node:net'

/** Sends bytes over a connection of its own, and resolves to all that comes until the server closes it. */
export function sendRaw(host: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(host)
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.write(text)
  })
}

/** Opens a connection; resolves once it is made. */
export function openConnection(host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open(host)
    socket.on('error', reject)
    socket.on('connect', () => resolve(socket))
  })
}

function open(host: string): Socket {
  const [hostname = '', port = ''] = host.split(':')
  return connect({ host: hostname, port: Number(port) })
}

/** A request without a body. The connection ends after its answer. */
export function lastRequest(host: string, target: string, more = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`
}
