import { DistError, isRetryable, linkSignals, throwIfAborted } from '@dist/errdefs'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { newGeneration } from '../jobs/ids.js'
import { chunkSize } from '../state/head.js'

/** Lists the items of a run. */
export type List = (signal: AbortSignal) => AsyncIterable<string>

/**
 * Writes what is listed as the items of a run, chunk by chunk. None counts before all are written: after a crash they
 * are listed again, and of two listers the one that began last goes on. What cannot be listed fails the run.
 */
export async function listItems(engine: Engine, run: string, list: List, signal: AbortSignal): Promise<void> {
  const { states, memory } = engine
  const lister = newGeneration()
  if ((await memory.isFull()) || !(await states.beginListing(run, lister))) return
  using canceled = engine.cancellations.watch(run)
  using either = linkSignals(signal, canceled.signal)
  try {
    await writeItems(engine, run, lister, list(either.signal), either.signal)
  } catch (error) {
    if (canceled.signal.aborted) return
    // After a passing failure the run job lists them again.
    if (!(error instanceof DistError) || isRetryable(error) || signal.aborted) throw error
    engine.emit({ type: 'error', error })
    await states.failRun(run, reportedError(error))
  }
}

async function writeItems(
  { states, memory }: Engine,
  run: string,
  lister: string,
  items: AsyncIterable<string>,
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
  for await (const item of items) {
    throwIfAborted(signal)
    total++
    if (chunk.push(item) === chunkSize && !(await write())) return
  }
  if (chunk.length > 0 && !(await write())) return
  await states.endListing(run, lister, total, chunks)
}
