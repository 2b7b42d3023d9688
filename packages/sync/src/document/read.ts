import type { Parsed } from './node.js'

/** The languages of mirror files. */
export type Language = 'yaml' | 'json' | 'toml'

/** The language of a file, by its name. Undefined for other files, which are lists of references. */
export function languageOf(path: string): Language | undefined {
  const [, ending] = /\.(ya?ml|json|toml)$/i.exec(path) ?? []
  const lower = ending?.toLowerCase()
  return lower === 'yml' ? 'yaml' : (lower as Language | undefined)
}

/** Parses a document. JSON is read as YAML, which includes it. */
export async function parseDocument(text: string, language: Language): Promise<Parsed> {
  // A parser is loaded when a file needs it.
  const { parseText } = await (language === 'toml' ? import('./toml.js') : import('./yaml.js'))
  return parseText(text)
}
