import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = 'test/integration'
/** What tells where the built command is. */
const program = join(folder, 'support', 'program.ts')

/**
 * Of the tests against real servers, those that run the built command or a service, and the others: suites of a contract,
 * which run sources. Told by whether a test reaches, by its imports, what names the built programs.
 */
export function sortTests(): { built: string[]; contract: string[] } {
  const tests = readdirSync(folder)
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
  // Until it is known: imports may go in circles.
  known.set(file, false)
  const result = importsOf(file).some((each) => reachesProgram(each, known))
  known.set(file, result)
  return result
}

/** The sources of the tests' own folder that a file imports, for more than types. */
function importsOf(file: string): string[] {
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export|\}) (?!type )[^;]*?from '(\.[^']+)\.js'/gms,
  )
  return [...imports]
    .map(([, path = '']) => join(file, '..', `${path}.ts`))
    .filter((path) => path.startsWith(folder))
}
