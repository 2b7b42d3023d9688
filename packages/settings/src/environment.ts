import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'

/** The environment of the process. Programs pass it in. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable. An empty variable counts as not set. */
export function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

/** A longer file was named by mistake. */
const maxSecretLength = 64 * 1024

/**
 * The text of a file that holds a secret, without the line end. `from` is the variable or the key that names the file.
 * Throws `INVALID_ARGUMENT` when the file cannot be read, is empty or is longer than 64 KiB.
 */
export async function readSecret(path: string, from: string): Promise<string> {
  const invalid = (why: string, cause?: unknown) =>
    new DistError('INVALID_ARGUMENT', `${from}: ${path} ${why}`, { cause })
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`cannot be read (${errnoOf(cause) ?? 'unknown error'})`, cause)
  })
  if (content.length > maxSecretLength) throw invalid('is too long for a secret')
  const text = content.replace(/\r?\n$/, '')
  if (text === '') throw invalid('is empty')
  return text
}
