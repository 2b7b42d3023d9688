import { sep } from 'node:path'

/** The path of a name in a directory. As `join` for a normal directory and a plain name, which takes ten times as long. */
export function inside(directory: string, name: string): string {
  return `${directory}${sep}${name}`
}
