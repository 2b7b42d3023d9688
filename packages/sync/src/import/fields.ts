import type { Entry, Node } from '../document/node.js'
import { entryOf } from '../document/node.js'

/** The entries of a map; none for another node. */
export function fieldsOf(node: Node | undefined): readonly Entry[] {
  return node?.kind === 'map' ? node.entries : []
}

/** The items of a list; a single value is a list of one; null is an empty list. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  if (node === undefined || isNull(node)) return []
  return node.kind === 'list' ? node.items : [node]
}

/** The text of a scalar, as it is spelled; undefined for other nodes and null. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && !isNull(node) ? node.text : undefined
}

export function textAt(node: Node | undefined, key: string): string | undefined {
  return textOf(entryOf(node, key))
}

/** Whether a key has the value `true`. */
export function isOn(node: Node | undefined, key: string): boolean {
  return textAt(node, key) === 'true'
}

function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null
}
