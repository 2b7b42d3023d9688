import { posix } from 'node:path'
import type { Tree } from './tree.js'

/** The files of a tree that a source imports statically, for more than types. */
function valueImports(tree: Tree, path: string): string[] {
  const statements = (tree.get(path) ?? '').matchAll(
    /^(?:import (?!type )(?:[^;'"(]*? from )?|export [*{][^;'"]*? from )['"](\.[^'"]+)['"]/gm,
  )
  return [...statements].flatMap(([, specifier = '']) => {
    const target = posix.join(posix.dirname(path), specifier)
    return [target, target.replace(/js$/, 'ts')].filter((file) => tree.has(file))
  })
}

/**
 * The groups of files of a tree of which each one needs all others of the group to be loaded. Imports of types alone
 * and dynamic imports do not count: loading a module does not load them.
 */
export function valueCycles(tree: Tree): string[][] {
  const imports = new Map([...tree.keys()].map((path) => [path, valueImports(tree, path)]))
  const reached = new Map([...imports.keys()].map((path) => [path, reachedFrom(imports, path)]))
  const groups = [...imports.keys()]
    .filter((path) => reached.get(path)?.has(path))
    .map((path) => [...imports.keys()].filter((other) => inBoth(reached, path, other)).sort())
  return [...new Map(groups.map((group) => [group.join('\n'), group])).values()]
}

function inBoth(reached: ReadonlyMap<string, ReadonlySet<string>>, one: string, other: string): boolean {
  return (reached.get(one)?.has(other) && reached.get(other)?.has(one)) ?? false
}

/** The files that one imports, and those that they import, and so on. */
function reachedFrom(imports: ReadonlyMap<string, readonly string[]>, start: string): Set<string> {
  const reached = new Set<string>()
  const left = [...(imports.get(start) ?? [])]
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    left.push(...(imports.get(path) ?? []))
  }
  return reached
}
