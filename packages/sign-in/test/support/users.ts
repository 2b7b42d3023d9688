import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareSync } from 'bcryptjs'
import { onTestFinished } from 'vitest'
import type { Compare } from '../../src/passwords/comparer.js'

/** The password of every user of these tests, and its hash. */
export const password = 'testpassword'
export const hash = '$2y$05$distregistrytestsalt0uJwL55Bq.DtQ2bj.CkVcdldyHpmuvcLy'

export const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** bcrypt in this thread. */
export const compare: Compare = async (given, known) => compareSync(given, known)

/** A folder for one test, and the function that writes a file into it. */
export function useFolder(): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'dist-access-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return (name, text) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
}
