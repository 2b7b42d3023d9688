import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = 'test/integration'
/** It gives the paths of the built programs. */
const program = join(folder, 'support', 'program.ts')

/**
 * The tests against real servers in two groups: `built` run the built command or a service, `contract` run sources. A test
 * is in `built` when one of its imports, direct or not, is the file that gives the paths of the built programs.
 */
export function sortTests(): { built: string[]; contract: string[] } {
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
  const reaches = new Map<string, boolean>([[program, true]])
  return {
    built: tests.filter((test) => reachesProgram(test, reaches)),
    contract: tests.filter((test) => !reachesProgram(test, reaches)),
  }
}

function reachesProgram(file: string, known: Map<string, boolean>): boolean {
  const found = known.get(file)
  if (found !== undefined) return found
  // Set before the recursion, which a cycle of imports would make endless.
  known.set(file, false)
  const result = importsOf(file).some((each) => reachesProgram(each, known))
  known.set(file, result)
  return result
}

/** The files of test/integration that a file imports, for more than types. */
function importsOf(file: string): string[] {
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export|\}) (?!type )[^;]*?from '(\.[^']+)\.js'/gms,
  )
  return [...imports]
    .map(([, path = '']) => join(file, '..', `${path}.ts`))
    .filter((path) => path.startsWith(folder))
}
