import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Covered {
  readonly url: string
  readonly functions: readonly {
    readonly functionName: string
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[]
  }[]
}

/** What a file of the bundle has had of processes that ran with NODE_V8_COVERAGE. */
export interface Use {
  readonly loaded: boolean
  /** Whether a function of it was called; true, too, where it has none and only hands on those of others. */
  readonly called: boolean
}

/** Tells of each file whether it was used, out of the folder that NODE_V8_COVERAGE named. */
export function readCoverage(folder: string): (file: string) => Use {
  const loaded = new Set<string>()
  const called = new Set<string>()
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Covered[] }
    for (const { url, functions } of result) {
      const file = url.slice(url.lastIndexOf('/') + 1)
      loaded.add(file)
      // The first is the module itself.
      const own = functions.slice(1)
      if (own.length === 0 || own.some(({ ranges: [whole] }) => (whole?.count ?? 0) > 0)) called.add(file)
    }
  }
  return (file) => ({ loaded: loaded.has(file), called: called.has(file) })
}
