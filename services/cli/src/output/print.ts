import { once } from 'node:events'
import type { Code } from '@dist/errdefs'
import type { Context } from '../context.js'

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

/** What went wrong with a command as a whole: for people a line, with `--json` one object, on stderr. */
export function printFailure(
  { stderr, json = false }: Context,
  { code, message }: { code: Code; message: string },
): void {
  stderr.write(json ? `${JSON.stringify({ error: message, code })}\n` : `dist: ${message}\n`)
}

/** Says how what a signal has cut short goes on. */
export function noteInterrupted(context: Context): void {
  const message = 'interrupted; run the same command to resume'
  printFailure(context, { code: 'CANCELED', message })
}

/** Writes bytes to stdout and waits where the reader is slow, until the signal aborts where one is given. */
export async function writeBytes(
  { stdout, signal }: Pick<Context, 'stdout'> & Partial<Pick<Context, 'signal'>>,
  chunk: Uint8Array,
): Promise<void> {
  if (!stdout.write(chunk)) await once(stdout, 'drain', { signal })
}
