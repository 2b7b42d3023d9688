import type { Node } from '../document/node.js'
import type { Draft } from './draft.js'
import { textOf } from './fields.js'

const variable = /\{\{-?\s*env\s+"([A-Za-z_]\w*)"\s*-?\}\}/g
const path = /^\{\{-?\s*file\s+"([^"]+)"\s*-?\}\}$/

/** A text of regsync with variables as in a mirror file. Undefined, with a remark, for templates that compute something. */
export function expandTemplate(node: Node | undefined, draft: Draft): string | undefined {
  const text = textOf(node)?.replace(variable, (_, name: string) => `\${${name}}`)
  if (node === undefined || !text?.includes('{{')) return text
  draft.remark(node.at, 'left out: a template cannot be imported; write its result')
  return undefined
}

/** The file of a template that is nothing else, `{{ file "path" }}`. */
export function fileOf(node: Node | undefined): string | undefined {
  return path.exec(textOf(node)?.trim() ?? '')?.[1]
}
