import { readFileSync } from 'node:fs'
import { importFile, type Tool } from '../../src/import/import.js'
import type { MirrorEntry, MirrorFile } from '../../src/mirror-file.js'
import { accepted } from '../file/support.js'
import { selected } from '../select/support.js'

const variables = { HUB_USER: 'ada', TEAM: 'team', MIRROR_USER: 'robot', MIRROR_PASS: 'secret' }

export interface Import {
  readonly tool: Tool
  readonly text: string
  /** `line message`, in the order of the text. */
  readonly remarks: readonly string[]
  /** What the imported file says. */
  readonly file: MirrorFile
}

export async function imported(text: string, tool?: Tool): Promise<Import> {
  const result = await importFile(text, tool)
  if ('mistakes' in result) throw new Error(JSON.stringify(result.mistakes))
  const remarks = result.remarks.map(({ line, message }) => `${line} ${message}`)
  const file = await accepted(result.text, { trusted: variables })
  return { tool: result.tool, text: result.text, remarks, file }
}

export async function importedFixture(name: string): Promise<Import> {
  return await imported(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8'))
}

/** The tags that all mirrors of a source select together, in the order of the listing. */
export async function selectedOf({ entries }: MirrorFile, source: string, listed: string): Promise<string> {
  const found = new Set<string>()
  const tags = listed.split(' ')
  for (const entry of entries.filter((each) => sourceOf(each) === source))
    for (const tag of await selected(tags, entry.tags ?? {})) found.add(tag)
  return tags.filter((tag) => found.has(tag)).join(' ')
}

export function sourceOf({ source }: MirrorEntry): string {
  switch (source.kind) {
    case 'image':
      return `${source.reference.host}/${source.reference.repository}:${source.reference.tag ?? source.reference.digest}`
    case 'repository':
      return `${source.locator.host}/${source.locator.repository}`
    case 'pattern':
      return `${source.host}/${source.pattern}`
  }
}
