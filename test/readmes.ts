import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { vi } from 'vitest'
import type { Plugin } from 'vitest/config'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))
/** What is put behind the path of a README to import its example. It makes vite compile it as TypeScript. */
const query = '?example.ts'

/** The README of a package. */
export interface Readme {
  /** The folder of the package. */
  readonly name: string
  readonly lines: readonly string[]
  /** The code of each block that is marked `ts`. */
  readonly examples: readonly string[]
}

/** The packages that have a README, and those that have none. */
export function packageReadmes(): { readmes: Readme[]; missing: string[] } {
  const names = readdirSync(packages).filter((name) => existsSync(join(packages, name, 'package.json')))
  const has = (name: string) => existsSync(readmePath(name))
  return {
    readmes: names.filter(has).map((name) => parseReadme(name, readFileSync(readmePath(name), 'utf8'))),
    missing: names.filter((name) => !has(name)),
  }
}

export function parseReadme(name: string, text: string): Readme {
  const lines = text.replace(/\n$/, '').split('\n')
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  return { name, lines, examples }
}

/** Whether an example starts real servers. */
export function needsServers({ examples }: Readme): boolean {
  return examples.some((code) => code.includes("'@dist/testkit/servers'"))
}

/** The output that an example promises: the comment behind each `console.log`. */
export function promisedOutput({ examples }: Readme): string[] {
  return examples
    .flatMap((code) => code.split('\n'))
    .filter((line) => line.includes('console.log('))
    .map((line) => line.split(' // ').slice(1).join(' // '))
}

/** Runs the example of a package with the sources of all packages. Returns what it prints. */
export async function runExample(name: string): Promise<string[]> {
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => {
    printed.push(format(...values))
  })
  try {
    await import(/* @vite-ignore */ `${readmePath(name)}${query}`)
  } finally {
    log.mockRestore()
  }
  return printed
}

/** Gives vite the example of `README.md?example.ts` as a module. */
export function readmeExamples(): Plugin {
  return {
    name: 'readme-examples',
    enforce: 'pre',
    resolveId: (id) => (id.endsWith(query) ? id : undefined),
    load(id) {
      if (!id.endsWith(query)) return undefined
      const path = id.slice(0, -query.length)
      return parseReadme(path, readFileSync(path, 'utf8')).examples.join('\n')
    },
  }
}

function readmePath(name: string): string {
  return join(packages, name, 'README.md')
}
