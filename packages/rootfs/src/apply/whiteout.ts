import { DistError } from '@dist/errdefs'
import type { Directory } from './directory.js'
import { printable } from './paths.js'
import type { Tree } from './tree.js'

/** OCI image spec, "Whiteouts". */
const prefix = '.wh.'
const opaque = '.wh..wh..opq'

export function isWhiteout(name: string): boolean {
  return name.startsWith(prefix)
}

/**
 * Removes a name of lower layers, or everything of lower layers in a directory. Never removes what this layer made,
 * whatever the order of entries. Throws `MALFORMED` for a whiteout without a name, or of `.` or `..`.
 */
export function applyWhiteout(tree: Tree, components: readonly string[], name: string): void {
  const hidden = name.slice(prefix.length)
  if (hidden === '' || hidden === '.' || hidden === '..')
    throw new DistError('MALFORMED', `whiteout "${printable(name)}": no name to remove`)
  const directory = tree.find(components)
  if (directory === undefined) return
  if (name === opaque) removeLower(tree, directory)
  else removeName(tree, directory, hidden)
}

function removeLower(tree: Tree, directory: Directory): void {
  if (directory.isNew) return
  for (const name of tree.names(directory)) removeName(tree, directory, name)
}

function removeName(tree: Tree, directory: Directory, name: string): void {
  if (directory.isNew || directory.made.has(name)) return
  if (directory === tree.root && name === tree.journal.name) return
  const child = directory.children.get(name)
  if (child?.isUpper) removeLower(tree, child)
  else if (tree.has(directory, name)) tree.clear(directory, name)
}
