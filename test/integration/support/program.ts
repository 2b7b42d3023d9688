import { join } from 'node:path'
import { inject } from 'vitest'

export type ServiceName = 'coordinator' | 'worker' | 'dashboard' | 'registry'

/** The copy of the built command, outside of the repository: see `built.ts`. */
export function program(): string {
  return join(inject('built'), 'cli', 'bin', 'dist.mjs')
}

/** The folder with the files of that copy's bundle. */
export function bundleFolder(): string {
  return join(inject('built'), 'cli', 'bundle')
}

/** The file of that copy that loads a program of the bundle. */
export function loader(): string {
  return join(inject('built'), 'cli', 'bin', 'load.cjs')
}

/** The program of a service, of the same copy. */
export function serviceProgram(name: ServiceName): string {
  return join(inject('built'), 'cli', 'bin', `${name}.mjs`)
}
