import { once } from 'node:events'
import type { Context } from './context.js'

/** Prints one JSON object as a line, as `--json` promises. */
export function printJson({ stdout }: Context, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`)
}

export function print({ stdout }: Context, line: string): void {
  stdout.write(`${line}\n`)
}

/** A remark for people: never data. */
export function note({ stderr }: Context, line: string): void {
  stderr.write(`dist: ${line}\n`)
}

/** Writes bytes to stdout and waits where the reader is slow. */
export async function writeBytes({ stdout, signal }: Context, chunk: Uint8Array): Promise<void> {
  if (!stdout.write(chunk)) await once(stdout, 'drain', { signal })
}
