import { DistError } from '@dist/errdefs'
import { collectGarbage, type GarbageEvent, type GarbageSummary, summarizeGarbage } from '@dist/mirror'
import type { Digest } from '@dist/oci'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import type { CoordinatorParts } from '../service.js'
import { collectionRequest } from '../state/collection.js'
import type { RunHead } from '../state/head.js'
import { endCollection, recordCollection } from '../state/record-collection.js'
import { upkeepOf } from './upkeep.js'

/** Milliseconds between two records of the progress. */
const recordEvery = 1_000
/** Objects that are kept for the report. */
const listedAtMost = 100_000

/**
 * Collects the garbage of the store, and ends the run with the outcome. After a crash another coordinator begins anew: what is
 * deleted by then is counted no more.
 */
export async function collect(
  engine: Engine,
  run: string,
  { collection = '{}' }: Pick<RunHead, 'collection'>,
  parts: Pick<CoordinatorParts, 'upkeep'>,
  signal: AbortSignal,
): Promise<void> {
  const { grace, dryRun = false, listed = false } = collectionRequest.parse(JSON.parse(collection))
  const remarks: string[] = []
  const recorder = new CollectionRecorder(engine, run, listed)
  const found = await collectGarbage(upkeepOf(parts), {
    grace,
    dryRun,
    signal,
    onEvent: (event) => recorder.add(event),
    onRemark: (remark) => remarks.push(remark),
  })
  await recorder.flush()
  const outcome = summarizeGarbage(found)
  const error = outcome.unknownCount === 0 ? undefined : unreadable(outcome)
  await endCollection(engine.states, run, { outcome, remarks, error: error && reportedError(error) })
  const { images, deleted } = outcome
  engine.emit({ type: 'collection', run, state: 'done', ...deleted, images, dryRun })
}

function unreadable({ unknownCount }: GarbageSummary): DistError {
  const message = `no content was deleted: ${unknownCount} manifests that images need cannot be read`
  return new DistError('MALFORMED', message)
}

/** Records in Redis how far a collection is. A record that fails is made up for by the next one. */
class CollectionRecorder {
  #progress: GarbageEvent | undefined
  #deleted: [Digest, number][] = []
  #kept = 0
  #due = 0
  #written: Promise<void> = Promise.resolve()

  constructor(
    private readonly engine: Pick<Engine, 'states'>,
    private readonly run: string,
    private readonly listed: boolean,
  ) {}

  add(event: GarbageEvent): void {
    this.#progress = event
    if (event.type === 'deleted' && this.listed && this.#kept < listedAtMost) {
      this.#kept++
      this.#deleted.push([event.digest, event.size])
    }
    if (performance.now() < this.#due) return
    this.#due = performance.now() + recordEvery
    this.flush().catch(() => {})
  }

  flush(): Promise<void> {
    const written = this.#written.then(() => this.#record())
    this.#written = written.catch(() => {})
    return written
  }

  async #record(): Promise<void> {
    if (this.#progress === undefined) return
    const deleted = this.#deleted
    this.#deleted = []
    try {
      await recordCollection(this.engine.states, this.run, this.#progress, deleted)
    } catch (error) {
      this.#deleted = [...deleted, ...this.#deleted]
      throw error
    }
  }
}
