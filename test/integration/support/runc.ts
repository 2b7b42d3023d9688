import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

// Debian installs it there.
const path = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`

/** Throws, with what to install, when runc is missing or cannot be used. */
export function requireRunc(): void {
  if (process.getuid?.() !== 0) throw new Error('containers are run by root: run the tests as root')
  if (!path.split(delimiter).some((folder) => isExecutable(join(folder, 'runc'))))
    throw new Error('runc is missing: apt-get install runc')
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a bundle to its end, in a new container, with a separate state directory of runc. */
export async function runBundle(bundle: string): Promise<Ran> {
  const state = mkdtempSync(join(tmpdir(), 'dist-runc-'))
  const id = `dist-${randomBytes(6).toString('hex')}`
  try {
    return await new Promise((resolve) => {
      const args = ['--root', state, 'run', '--bundle', bundle, id]
      const child = execFile('runc', args, { env: { ...process.env, PATH: path } }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      )
      child.stdin?.end()
    })
  } finally {
    rmSync(state, { recursive: true, force: true })
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
