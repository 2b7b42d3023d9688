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

/** Prints a note for the user to stderr. */
export function note({ stderr }: Context, line: string): void {
  stderr.write(`dist: ${line}\n`)
}

/** Prints the error that ends the command to stderr: a line, or with `--json` an object. */
export function printFailure(
  { stderr, json = false }: Context,
  { code, message }: { code: Code; message: string },
): void {
  stderr.write(json ? `${JSON.stringify({ error: message, code })}\n` : `dist: ${message}\n`)
}

/** Tells how to resume after a signal. */
export function noteInterrupted(context: Context): void {
  const message = 'interrupted; run the same command to resume'
  printFailure(context, { code: 'CANCELED', message })
}

/** Writes bytes to stdout. Waits for a slow reader, until the signal aborts. */
export async function writeBytes(
  { stdout, signal }: Pick<Context, 'stdout'> & Partial<Pick<Context, 'signal'>>,
  chunk: Uint8Array,
): Promise<void> {
  if (!stdout.write(chunk)) await once(stdout, 'drain', { signal })
}

/**
 * Breaks the paragraphs of a text at so many columns. Blocks with indented lines, such as options and examples, are not
 * changed.
 */
export function reflow(text: string, columns: number): string {
  const blocks = text.split('\n\n')
  return blocks.map((block) => (/\n +\S/.test(block) ? block : paragraph(block, columns))).join('\n\n')
}

function paragraph(block: string, columns: number): string {
  const words = block.trim()
  const [before = '', after = ''] = words === '' ? [block] : block.split(words)
  const lines: string[] = []
  for (const word of words.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return before + lines.join('\n') + after
}
