import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Folder {
  readonly path: string
  remove(): void
}

// In memory where possible: the tests check what is written and in which order, and an fsync on a busy disk can take
// seconds.
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** An empty directory for one test. */
export function folder(): Folder {
  const path = mkdtempSync(join(parent, 'content-local-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
