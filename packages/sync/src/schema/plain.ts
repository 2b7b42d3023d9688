import { DistError, hasCode } from '@dist/errdefs'
import type { Mistake, Node } from '../document/node.js'

/** More values than any file has; aliases can name the same part again and again. */
const maxValues = 200_000

/**
 * The value of a document as plain data. Keys that begin with `x-` are left out, except among hosts. Plain booleans and null
 * are texts below `tags` and in lists: a tag may be called `true`.
 */
export function plainValue(root: Node): { readonly value: unknown } | { readonly mistake: Mistake } {
  let values = 0
  const convert = (node: Node, path: readonly string[], isText: boolean): unknown => {
    values += 1
    if (values > maxValues)
      throw new DistError('RESOURCE_EXHAUSTED', `the aliases make more than ${maxValues} values`)
    if (node.kind === 'scalar') return isText ? node.text : node.value
    if (node.kind === 'list') return node.items.map((item) => convert(item, [...path, '[]'], true))
    const hasHosts = path.length === 1 && path[0] === 'registries'
    const areTexts = path.at(-1) === 'tags'
    // No prototype: no key is special.
    const map: Record<string, unknown> = Object.create(null)
    for (const { key, value } of node.entries)
      if (hasHosts || !key.startsWith('x-')) map[key] = convert(value, [...path, key], areTexts)
    return map
  }
  try {
    return { value: convert(root, [], false) }
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_EXHAUSTED')) throw error
    return { mistake: { ...root.at, message: (error as DistError).message } }
  }
}
