import { type CheckOptions, checkMirrorFile } from '../../src/check.js'
import type { Mistake } from '../../src/document/node.js'
import type { MirrorEntry, MirrorFile } from '../../src/mirror-file.js'

export async function accepted(text: string, options: Partial<CheckOptions> = {}): Promise<MirrorFile> {
  const checked = await checkMirrorFile(text, { path: '/etc/mirror/dist.yaml', trusted: {}, ...options })
  if ('mistakes' in checked) throw new Error(JSON.stringify(checked.mistakes))
  return checked.file
}

export async function mistakesOf(
  text: string,
  options: Partial<CheckOptions> = {},
): Promise<readonly Mistake[]> {
  const checked = await checkMirrorFile(text, { path: '/etc/mirror/dist.yaml', trusted: {}, ...options })
  return 'mistakes' in checked ? checked.mistakes : []
}

/** Each mistake as `line:column message`. */
export async function refusals(text: string, options: Partial<CheckOptions> = {}): Promise<string[]> {
  return (await mistakesOf(text, options)).map(({ line, column, message }) => `${line}:${column} ${message}`)
}

/** The only entry of a file with one mirror, which is given as YAML of its keys. */
export async function entry(yaml: string, options: Partial<CheckOptions> = {}): Promise<MirrorEntry> {
  const { entries } = await accepted(`version: 1\nmirrors: [{ ${yaml} }]`, options)
  const [only] = entries
  if (only === undefined || entries.length > 1) throw new Error('one entry is expected')
  return only
}
