import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'

const lowest = 10_000

/**
 * A loopback port for a server that this process starts, ends and starts again. No process listens there, and no other caller of
 * this function gets it before this process, or its thread, ends. It lies below the ports that the kernel hands out, so that no
 * connection and no server at port 0 takes it in between.
 */
export async function freePort(): Promise<number> {
  const bound = await kernelPorts()
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = lowest + Math.floor(Math.random() * (bound - lowest))
    if ((await reserve(port)) && !(await listens(port))) return port
  }
  throw new Error(`no free port from ${lowest} to ${bound}`)
}

/** The lowest port that the kernel hands out by itself. */
async function kernelPorts(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  const first = Number.parseInt(range, 10)
  return first > lowest + 1_000 ? first : 32_768
}

// A datagram socket at the same number: no server of ours uses it, and it ends with this process.
async function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref()
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(socket, 'listening')
    return true
  } catch {
    socket.close()
    return false
  }
}

async function listens(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return true
  }
  probe.close()
  await once(probe, 'close')
  return false
}
