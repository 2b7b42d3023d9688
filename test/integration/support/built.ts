import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the copy of `services/cli`. */
    built: string
  }
}

const cli = fileURLToPath(new URL('../../../services/cli/', import.meta.url))

/**
 * Once in a run of the tests: copies the built command and services to a folder that has no `node_modules` above it.
 * A file that the bundle lacks is missing there, as it is for users.
 */
export default function copyBuilt(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'dist-built-'))
  for (const part of ['bin', 'bundle', 'package.json'])
    cpSync(join(cli, part), join(folder, 'cli', part), { recursive: true })
  project.provide('built', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
