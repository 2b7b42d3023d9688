import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Covered {
  readonly url: string
  readonly functions: readonly {
    readonly functionName: string
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[]
  }[]
}

/** How processes with NODE_V8_COVERAGE used a file of the bundle. */
export interface Use {
  readonly loaded: boolean
  /** Whether one of its functions was called; true, too, for a file without functions, which re-exports others. */
  readonly called: boolean
}

/** Reads the folder of NODE_V8_COVERAGE. The function that it returns gives the use of a file. */
export function readCoverage(folder: string): (file: string) => Use {
  const loaded = new Set<string>()
  const called = new Set<string>()
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Covered[] }
    for (const { url, functions } of result) {
      const file = url.slice(url.lastIndexOf('/') + 1)
      loaded.add(file)
      // The first function is the module itself.
      const own = functions.slice(1)
      if (own.length === 0 || own.some(({ ranges: [whole] }) => (whole?.count ?? 0) > 0)) called.add(file)
    }
  }
  return (file) => ({ loaded: loaded.has(file), called: called.has(file) })
}
