import { PassThrough, Readable } from 'node:stream'
import type { Context } from '../../src/context.js'

export interface Captured {
  readonly context: Context
  stdout(): string
  stderr(): string
}

export interface CaptureOptions {
  stdin?: Iterable<string | Uint8Array> | undefined
  env?: NodeJS.ProcessEnv | undefined
  signal?: AbortSignal | undefined
}

/** A context that records its output and uses nothing of the process. */
export function captured(options: CaptureOptions = {}): Captured {
  const { stdin = [], env = {}, signal = new AbortController().signal } = options
  const [stdout, stderr] = [collector(), collector()]
  const context = {
    env,
    stdin: Readable.from(stdin, { objectMode: false }),
    ...streams(stdout, stderr),
    signal,
  }
  return { context: context as unknown as Context, stdout: stdout.text, stderr: stderr.text }
}

function streams(stdout: Collector, stderr: Collector) {
  return { stdout: stdout.stream, stderr: stderr.stream }
}

interface Collector {
  stream: PassThrough
  text(): string
}

function collector(): Collector {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString() }
}
