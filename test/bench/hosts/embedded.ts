import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Mirrored } from './bench.js'

const program = fileURLToPath(new URL('../../../services/cli/bin/dist.mjs', import.meta.url))

/** Mirrors in one process into a folder; `good` images come, the others fail. */
export async function mirrorEmbedded(
  references: readonly string[],
  good: number,
  folder: string,
): Promise<Mirrored> {
  const file = `${folder}.txt`
  writeFileSync(file, references.join('\n'))
  const started = performance.now()
  const child = spawn(process.execPath, [program, 'mirror', '-f', file, '--store', folder], {
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const running = () => child.exitCode === null && child.signalCode === null
  while (running() && published(folder) < good) await delay(20)
  const goodDone = (performance.now() - started) / 1000
  await ended
  if (published(folder) !== good) throw new Error(`${published(folder)} of ${good} images are there`)
  return { goodDone, ended: (performance.now() - started) / 1000 }
}

/** The names that the store's index has. */
function published(folder: string): number {
  try {
    const { manifests } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      manifests: unknown[]
    }
    return manifests.length
  } catch {
    return 0
  }
}
