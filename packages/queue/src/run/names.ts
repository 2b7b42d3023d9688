import { DistError, isRetryable, throwIfAborted } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { newGeneration } from '../jobs/ids.js'
import type { PublishedImages } from '../service.js'
import { chunkSize } from '../state/head.js'

/**
 * Writes the names of the store as the references of a run, chunk by chunk. None counts before all are written: after a
 * crash they are listed again, and of two listers the one that began last goes on. A store that cannot list its names
 * fails the run.
 */
export async function listAllNames(
  engine: Engine,
  run: string,
  names: PublishedImages['names'],
  signal: AbortSignal,
): Promise<void> {
  const { states, memory } = engine
  const lister = newGeneration()
  if ((await memory.isFull()) || !(await states.beginListing(run, lister))) return
  try {
    await writeNames(engine, run, lister, names, signal)
  } catch (error) {
    // After a passing failure the run job lists them again.
    if (!(error instanceof DistError) || isRetryable(error) || signal.aborted) throw error
    engine.emit({ type: 'error', error })
    await states.failListing(run, reportedError(error))
  }
}

async function writeNames(
  { states, memory }: Engine,
  run: string,
  lister: string,
  names: PublishedImages['names'],
  signal: AbortSignal,
): Promise<void> {
  let total = 0
  let chunks = 0
  let chunk: string[] = []
  const write = async () => {
    const written = await states.listNames(run, lister, chunks++, chunk)
    chunk = []
    return written && !(await memory.isFull())
  }
  for await (const { name } of names.list()) {
    throwIfAborted(signal)
    total++
    if (chunk.push(name) === chunkSize && !(await write())) return
  }
  if (chunk.length > 0 && !(await write())) return
  await states.endListing(run, lister, total, chunks)
}
