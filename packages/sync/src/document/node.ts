/** A place in a text. Lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A mistake in a file: where it is, and what is allowed there. */
export interface Mistake extends Position {
  readonly message: string
}

/**
 * A single value. Numbers and dates are texts, spelled as in the source: `3.10` stays `3.10`. `value` is a boolean or null
 * only for a plain (not quoted) boolean or null; `text` has its spelling.
 */
export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Position
  readonly value: string | boolean | null
  readonly text: string
  /** Whether the scalar is a number or date without quotes. */
  readonly isNumber: boolean
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Position
  readonly items: readonly Node[]
}

export interface Entry {
  readonly key: string
  readonly at: Position
  readonly value: Node
}

/** Keys are unique. */
export interface MapNode {
  readonly kind: 'map'
  readonly at: Position
  readonly entries: readonly Entry[]
}

/** A part of a document. Parts that aliases share are the same object. */
export type Node = ScalarNode | ListNode | MapNode

/** The document of a text, or the mistakes of its syntax. */
export type Parsed = { readonly root: Node } | { readonly mistakes: readonly Mistake[] }

/** The value of a key. */
export function entryOf(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.value : undefined
}

type Path = readonly PropertyKey[]

/** The deepest existing node on a path. */
export function locate(root: Node, path: Path): Node {
  let node = root
  for (const part of path) {
    const next = node.kind === 'list' ? node.items[Number(part)] : entryOf(node, String(part))
    if (next === undefined) return node
    node = next
  }
  return node
}

/** The place of a key of a map, else that of the map. */
export function locateKey(map: Node, key: string): Position {
  const entry = map.kind === 'map' ? map.entries.find((each) => each.key === key) : undefined
  return entry?.at ?? map.at
}
