import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'

/** No file of users or rights is longer: another one was named by mistake. */
const maxLength = 8 * 2 ** 20

/** The text of a file that a setting names. Throws `INVALID_ARGUMENT` naming the setting and the file. */
export async function readNamed(setting: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = `cannot be read (${errnoOf(cause) ?? 'unknown error'})`
    throw new DistError('INVALID_ARGUMENT', `${setting}: ${path} ${why}`, { cause })
  })
  if (text.length > maxLength) throw new DistError('INVALID_ARGUMENT', `${setting}: ${path} is too long`)
  return text
}
