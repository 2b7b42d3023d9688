import type { Writable } from 'node:stream'
import type { Redis } from 'ioredis'

/**
 * Sends the commands of one turn of the event loop by one system call, in their order. The client writes each command
 * by itself otherwise, and a service that works on many jobs spends more time in the kernel than on the jobs.
 */
export function gatherWrites(redis: Redis): void {
  redis.on('connect', () => gather(redis.stream))
}

function gather(stream: Writable): void {
  const write = stream.write.bind(stream)
  let gathering = false
  const release = () => {
    gathering = false
    stream.uncork()
  }
  const gatheredWrite = (...args: Parameters<typeof write>) => {
    if (!gathering) {
      gathering = true
      stream.cork()
      setImmediate(release)
    }
    return write(...args)
  }
  stream.write = gatheredWrite as typeof stream.write
}
