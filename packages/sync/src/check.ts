import { dirname } from 'node:path'
import { absolutePaths, absoluteTargets } from '@dist/settings'
import type { Mistake, Node } from './document/node.js'
import { type Language, parseDocument } from './document/read.js'
import { entriesOf } from './entries.js'
import type { MirrorFile } from './mirror-file.js'
import { explain } from './schema/explain.js'
import { plainValue } from './schema/plain.js'
import { fileSchema, validPart } from './schema/schema.js'
import { distrustedParts, resolveVariables, type Variables } from './schema/variables.js'

export interface CheckOptions {
  /** The path of the file. Relative paths in the file are relative to its folder. */
  readonly path: string
  /** Default: `yaml`, which includes JSON. */
  readonly language?: Language | undefined
  /**
   * For a file of the operator: the variables for `${NAME}`. Files that it names and its `registries` are used. Default: the
   * file is not trusted, and a file with variables, names of files or `registries` is refused.
   */
  readonly trusted?: Variables | undefined
}

/** A mirror file, or all its mistakes in the order of the text. */
export type Checked = CheckedFile | { readonly mistakes: readonly Mistake[] }

export interface CheckedFile {
  readonly file: MirrorFile
  /**
   * A mirror file in JSON that has the defaults and this entry of the file alone, by its index. Variables are replaced, and
   * there are no `registries`: it can be submitted.
   */
  alone(index: number): string
}

// A file of 10,000 mirrors has 2 MB.
const maxLength = 8 * 2 ** 20

/** Checks the text of a mirror file of at most 8 MiB. Reads no other file. Never throws for the text. */
export async function checkMirrorFile(text: string, options: CheckOptions): Promise<Checked> {
  if (text.length > maxLength)
    return { mistakes: [{ line: 1, column: 1, message: 'the file is too long: at most 8 MiB are expected' }] }
  const parsed = await parseDocument(text, options.language ?? 'yaml')
  if ('mistakes' in parsed) return ordered(parsed.mistakes)
  const { trusted } = options
  const refused = trusted === undefined ? distrustedParts(parsed.root) : []
  const { root, mistakes } =
    trusted === undefined ? { root: parsed.root, mistakes: refused } : resolveVariables(parsed.root, trusted)
  if (mistakes.length > 0) return ordered(mistakes)
  return build(root, options.path)
}

function build(root: Node, path: string): Checked {
  const plain = plainValue(root)
  if ('mistake' in plain) return { mistakes: [plain.mistake] }
  const result = fileSchema.safeParse(plain.value)
  if (!result.success) {
    const part = validPart(plain.value)
    const others = part === undefined ? [] : entriesOf(part, root).mistakes
    return ordered([...explain(root, result.error), ...others])
  }
  const { entries, mistakes } = entriesOf(result.data, root)
  if (mistakes.length > 0) return ordered(mistakes)
  const { name, registries = {}, 'notify-targets': targets = {} } = result.data
  const folder = dirname(path)
  return {
    file: {
      name,
      registries: absolutePaths(registries, folder),
      notifyTargets: absoluteTargets(targets, folder),
      entries,
    },
    alone: (index) => aloneIn(plain.value, index),
  }
}

/** `value`: the document of a valid mirror file. */
function aloneIn(value: unknown, index: number): string {
  const { version, defaults, mirrors } = value as Record<string, unknown> & { mirrors: readonly unknown[] }
  return JSON.stringify({ version, defaults, mirrors: [mirrors[index]] })
}

function ordered(mistakes: readonly Mistake[]): Checked {
  return { mistakes: [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column) }
}
