import { DistError, isRetryable, throwIfAborted } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { reported } from '../jobs/failure.js'
import { newGeneration } from '../jobs/ids.js'
import type { PublishedImages } from '../service.js'
import { chunkSize } from '../state/head.js'

/**
 * Writes down which names the store has, as the references of a run, chunk by chunk. Until all are written none counts:
 * a crash in between has them listed anew, and of two who list at once the one who began last goes on. A store that
 * cannot tell its names fails the run.
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
    // Of a store that is away the next look may tell; of one that cannot tell none will.
    if (!(error instanceof DistError) || isRetryable(error) || signal.aborted) throw error
    engine.emit({ type: 'error', error })
    await states.failListing(run, reported(error))
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
    const taken = await states.listNames(run, lister, chunks++, chunk)
    chunk = []
    return taken && !(await memory.isFull())
  }
  for await (const { name } of names.list()) {
    throwIfAborted(signal)
    total++
    if (chunk.push(name) === chunkSize && !(await write())) return
  }
  if (chunk.length > 0 && !(await write())) return
  await states.endListing(run, lister, total, chunks)
}
