import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the copy of `services`. */
    built: string
  }
}

const services = fileURLToPath(new URL('../../../services/', import.meta.url))
/** What of the services is needed to run them. */
const parts = [
  ...['bin', 'bundle', 'package.json'].map((part) => join('cli', part)),
  ...['coordinator', 'worker', 'dashboard'].map((service) => join(service, 'bin')),
]

/**
 * Once in a run of the tests: the built command and services, copied to where there is no `node_modules` above them.
 * What they should have brought along and did not is missing there, as it is for users.
 */
export default function copyBuilt(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'dist-built-'))
  for (const part of parts) cpSync(join(services, part), join(folder, part), { recursive: true })
  project.provide('built', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
