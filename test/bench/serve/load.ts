import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { mediaTypes } from '@dist/oci'

export interface Load {
  /** `http://127.0.0.1:5000`. */
  readonly url: string
  /** Asked for in turn. */
  readonly paths: readonly string[]
  readonly connections: number
  readonly seconds: number
}

export interface Answered {
  /** Requests per second. */
  readonly rate: number
  /** Bytes per second, with the heads of answers. */
  readonly throughput: number
  /** Seconds that 99 of 100 requests take at most. */
  readonly p99: number
}

const script = fileURLToPath(new URL('load.lua', import.meta.url))
const accept = [mediaTypes.ociManifest, mediaTypes.ociIndex].join(', ')

/** Asks a server as fast as it answers. Throws for an answer other than 2xx or 3xx, and for a broken connection. */
export async function runLoad(
  { url, paths, connections, seconds }: Load,
  scratch: string,
): Promise<Answered> {
  const file = join(scratch, 'paths')
  writeFileSync(file, `${paths.join('\n')}\n`)
  const sizes = ['--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`]
  const { stdout } = await promisify(execFile)(
    'wrk',
    [...sizes, '--timeout', '30s', '--script', script, url],
    { env: { ...process.env, PATHS: file, ACCEPT: accept }, timeout: (seconds + 60) * 1000 },
  )
  const line = stdout.split('\n').find((each) => each.startsWith('{'))
  const figures = JSON.parse(line ?? '') as Record<
    'requests' | 'bytes' | 'seconds' | 'p99' | 'failed',
    number
  >
  // Of large blobs perhaps no one has come whole.
  if (figures.failed > 0 || figures.bytes === 0)
    throw new Error(`${figures.failed} of ${figures.requests} requests to ${url}${paths[0]} failed`)
  return {
    rate: figures.requests / figures.seconds,
    throughput: figures.bytes / figures.seconds,
    p99: figures.p99,
  }
}
