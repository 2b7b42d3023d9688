import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const warm = fileURLToPath(new URL('warm.mjs', import.meta.url))

/** Keeps V8's compiled code beside the bundle: see warm.mjs, which runs without settings of the one who builds. */
export async function keepCode() {
  const folder = mkdtempSync(join(tmpdir(), 'dist-warm-'))
  const env = {
    HOME: folder,
    // Of a bucket that is not there.
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
  }
  try {
    await promisify(execFile)(process.execPath, [warm], { cwd: folder, env })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
