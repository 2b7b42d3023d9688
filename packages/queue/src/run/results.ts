import { isNotFound } from '@dist/errdefs'
import { formatSource } from '@dist/sync'
import { clientParts } from '../client/client.js'
import { failedReports } from '../client/page.js'
import type { Engine } from '../engine/engine.js'
import type { RunHead } from '../state/head.js'
import { recordResults, recordSuccess } from '../state/results.js'
import { readEntries } from './sources.js'

/**
 * Records what an ended run has come to for each named mirror of its mirror file, whatever has started the run. May be repeated.
 * Nothing is known of what Redis has lost.
 */
export async function noteResults(
  engine: Engine,
  run: string,
  state: Exclude<RunHead['state'], 'running'>,
): Promise<void> {
  const head = await engine.states.head(run)
  if (head?.sources) await noteMirrors(engine, run, head, state).catch(passLost)
  else if (head?.schedule !== undefined && state === 'done') await recordSuccess(engine, head.schedule)
}

function passLost(error: unknown): void {
  if (!isNotFound(error)) throw error
}

async function noteMirrors(
  engine: Engine,
  run: string,
  head: RunHead,
  state: Exclude<RunHead['state'], 'running'>,
): Promise<void> {
  const entries = await readEntries(engine, run)
  // A mirror without a name is called after its source.
  const names = entries.filter(({ name, source }) => name !== formatSource(source)).map(({ name }) => name)
  if (names.length === 0) return
  // A run that has failed before it had images has failed as a whole.
  const isPartly = state === 'failed' && head.error === undefined
  const failed = isPartly ? await failedEntries(engine, run, head, names.length) : undefined
  const stateOf = (name: string) => (failed === undefined || failed.has(name) ? state : 'done')
  await recordResults(engine, run, new Map(names.map((name) => [name, stateOf(name)])))
}

/** The names of the entries of which something failed. `atMost`: how many there are. */
async function failedEntries(
  engine: Engine,
  run: string,
  head: RunHead,
  atMost: number,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for await (const { entry } of failedReports(clientParts(engine), run, head)) {
    if (entry !== undefined) found.add(entry)
    if (found.size >= atMost) break
  }
  return found
}
