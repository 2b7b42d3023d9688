import { isRecord, malformed, maxChildren, parseDocument } from '@dist/oci'
import { dockerFile } from './layout.js'

/** An image as `manifest.json` lists it: paths within the archive. */
export interface Listed {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

/** Reads a `manifest.json`. Throws `MALFORMED`. */
export function parseListed(document: Uint8Array): Listed[] {
  const list = parseDocument(document, dockerFile)
  if (!Array.isArray(list)) throw malformed(dockerFile, 'is not a list')
  if (list.length > maxChildren) throw malformed(dockerFile, `lists more than ${maxChildren} images`)
  return list.map((entry: unknown, i) => {
    const where = `${dockerFile}[${i}]`
    if (!isRecord(entry)) throw malformed(where, 'is not an object')
    if (typeof entry.Config !== 'string') throw malformed(`${where}.Config`, 'is not a path')
    return {
      config: entry.Config,
      names: strings(entry.RepoTags, `${where}.RepoTags`),
      layers: strings(entry.Layers, `${where}.Layers`),
    }
  })
}

function strings(value: unknown, where: string): readonly string[] {
  const list = value ?? []
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw malformed(where, 'is not a list of strings')
  if (list.length > maxChildren) throw malformed(where, `has more than ${maxChildren} entries`)
  return list
}
