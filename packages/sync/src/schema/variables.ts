import { fillVariables } from '@dist/settings'
import type { Mistake, Node, Position } from '../document/node.js'

/** The values of variables. */
export type Variables = Readonly<Record<string, string | undefined>>

interface Resolved {
  readonly root: Node
  readonly mistakes: readonly Mistake[]
}

/**
 * Replaces `${NAME}` in values by variables; `$${NAME}` stands for the text `${NAME}`. Replacing follows parsing: a variable
 * cannot add keys. A variable that is not set is a mistake.
 */
export function resolveVariables(root: Node, variables: Variables): Resolved {
  const mistakes: Mistake[] = []
  const fill = (text: string, at: Position) =>
    fillVariables(text, variables, (name) =>
      mistakes.push({ ...at, message: `the variable ${name} is not set` }),
    )
  return { root: mapScalars(root, fill), mistakes }
}

/** Replaces the texts of a document. Parts that are shared stay shared. */
function mapScalars(root: Node, change: (text: string, at: Position) => string): Node {
  const done = new Map<Node, Node>()
  const visit = (node: Node): Node => {
    const known = done.get(node)
    if (known !== undefined) return known
    const changed = visitContent(node)
    done.set(node, changed)
    return changed
  }
  const visitContent = (node: Node): Node => {
    if (node.kind === 'list') return { ...node, items: node.items.map(visit) }
    if (node.kind === 'map')
      return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: visit(entry.value) })) }
    if (typeof node.value !== 'string') return node
    const text = change(node.text, node.at)
    return { ...node, text, value: text }
  }
  return visit(root)
}

/**
 * What a file must not have that its reader does not trust: variables, names of files, settings of registries and targets of
 * notices. Each would let the author use what the reader may read or reach.
 */
export function distrustedParts(root: Node): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const seen = new Set<Node>()
  const visit = (node: Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'scalar') {
      if (node.text.includes('${')) mistakes.push({ ...node.at, message: refusal('a variable') })
    } else if (node.kind === 'list') node.items.forEach(visit)
    else
      for (const { key, at, value } of node.entries) {
        if (key.endsWith('-file')) mistakes.push({ ...at, message: refusal(key) })
        if (node === root && settingsOfServices.has(key)) mistakes.push({ ...at, message: refusal(key) })
        visit(value)
      }
  }
  visit(root)
  return mistakes
}

const settingsOfServices = new Set(['registries', 'notify-targets'])

function refusal(what: string): string {
  return `${what} is not allowed in a file that is submitted: set it in the settings of the services`
}
