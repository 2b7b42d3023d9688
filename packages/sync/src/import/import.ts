import { DistError } from '@dist/errdefs'
import { entryOf, type Mistake, type Node } from '../document/node.js'
import { Draft, type Remark } from './draft.js'
import { fieldsOf } from './fields.js'

/** The tools whose files can be imported. */
export const tools = ['regsync', 'skopeo', 'image-syncer', 'dregsy'] as const

export type Tool = (typeof tools)[number]

/** A mirror file as YAML, and remarks on what has no equivalent or means something else; or mistakes of the syntax. */
export type Imported =
  | { readonly text: string; readonly tool: Tool; readonly remarks: readonly Remark[] }
  | { readonly mistakes: readonly Mistake[] }

/**
 * Imports a file of another tool: the mirror file selects what the tool selects by its documented rules. Passwords are never
 * copied. Throws `INVALID_ARGUMENT` when `tool` is not given and the content does not tell it.
 */
export async function importFile(text: string, tool?: Tool): Promise<Imported> {
  const { parseText, writeText } = await import('../document/yaml.js')
  // regsync's parser lets the later of equal keys win, merged ones included.
  const parsed = parseText(text, { merge: tool === 'regsync' || isRegsync(text) ? 'last-wins' : 'key-wins' })
  if ('mistakes' in parsed) return parsed
  const from = tool ?? toolOf(parsed.root)
  const draft = new Draft()
  await importers[from](parsed.root, draft)
  const file = draft.file()
  return {
    text: `# Imported from a file of ${from}.\n${writeText(file)}`,
    tool: from,
    remarks: draft.remarks,
  }
}

const importers: Readonly<Record<Tool, (root: Node, draft: Draft) => Promise<void>>> = {
  regsync: async (root, draft) => (await import('./regsync.js')).importRegsync(root, draft),
  skopeo: async (root, draft) => (await import('./skopeo.js')).importSkopeo(root, draft),
  'image-syncer': async (root, draft) => (await import('./image-syncer.js')).importImageSyncer(root, draft),
  dregsy: async (root, draft) => (await import('./dregsy.js')).importDregsy(root, draft),
}

function isRegsync(text: string): boolean {
  return /^["']?sync["']?\s*:/m.test(text)
}

const ofSkopeo = [
  'images',
  'images-by-tag-regex',
  'images-by-semver',
  'tls-verify',
  'cert-dir',
  'credentials',
]

/** The tool that reads such a file. */
function toolOf(root: Node): Tool {
  if (entryOf(root, 'sync')?.kind === 'list') return 'regsync'
  if (entryOf(root, 'tasks')?.kind === 'list') return 'dregsy'
  if (entryOf(root, 'images')?.kind === 'map' || entryOf(root, 'auth')?.kind === 'map') return 'image-syncer'
  const fields = fieldsOf(root)
  if (fields.some(({ value }) => fieldsOf(value).some(({ key }) => ofSkopeo.includes(key)))) return 'skopeo'
  const isLogin = (value: Node) => ['username', 'insecure'].some((key) => entryOf(value, key) !== undefined)
  const ofImageSyncer = fields.every(({ key, value }) =>
    value.kind === 'map' ? isLogin(value) : key.includes('/'),
  )
  if (fields.length > 0 && ofImageSyncer) return 'image-syncer'
  throw new DistError(
    'INVALID_ARGUMENT',
    `the content does not tell which tool reads this file: name it with --from ${tools.join(', ')}`,
  )
}
