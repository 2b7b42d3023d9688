import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The texts of files by their path from the top of the repository. */
export type Tree = ReadonlyMap<string, string>

const top = fileURLToPath(new URL('../../', import.meta.url))

/** All files that git tracks, or would add, whose path matches. */
export function repositoryFiles(matching: RegExp): Tree {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: top,
    maxBuffer: 64 * 1024 * 1024,
  })
  const paths = listed
    .toString()
    .split('\0')
    .filter((path) => matching.test(path) && existsSync(top + path))
  return new Map([...new Set(paths)].map((path) => [path, readFileSync(top + path, 'utf8')]))
}

/** A tree for tests of the rules themselves. */
export function madeUpTree(files: Record<string, string | object>): Tree {
  return new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      typeof text === 'string' ? text : JSON.stringify(text),
    ]),
  )
}
