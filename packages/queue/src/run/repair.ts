import { forEachConcurrently, type Image, imageNamed } from '@dist/content'
import { neededBy } from '@dist/images'
import { type BadContent, findBad, type RepairEvent, setBadAside, withholdImages } from '@dist/mirror'
import type { Digest } from '@dist/oci'
import { clientParts } from '../client/client.js'
import { reportImages } from '../client/report.js'
import { submitRun } from '../client/submit.js'
import type { Engine } from '../engine/engine.js'
import { newRunId } from '../jobs/ids.js'
import type { CoordinatorParts } from '../service.js'
import type { RunHead } from '../state/head.js'
import { upkeepOf } from './upkeep.js'

type Upkeep = NonNullable<CoordinatorParts['upkeep']>

/** Images that are walked at the same time. */
const concurrentImages = 16

/**
 * Ends a verification that repairs: unpublishes the images that need bad content, sets that aside, and begins the run that fetches it
 * again and publishes the images. After a crash another coordinator does the same again: what is unpublished is remembered in the
 * store, and content that is right by then stays.
 */
export async function beginRepair(
  engine: Engine,
  run: string,
  head: RunHead,
  parts: Pick<CoordinatorParts, 'upkeep'>,
  signal: AbortSignal,
): Promise<void> {
  const store = upkeepOf(parts)
  const remarks: string[] = []
  const onRepair = (event: RepairEvent) => {
    if (event.type === 'unpublished')
      return engine.emit({ type: 'name', run, state: 'unpublished', subject: event.name })
    const { digest, location } = event
    remarks.push(`${digest}: set aside: ${location}`)
    engine.emit({ type: 'content', run, state: 'aside', subject: digest, location })
  }
  const suspects = await suspectsOf(engine, run, head, store, signal)
  const bad = await findBad(suspects, store, { signal })
  if (bad.length > 0) await replaceBad(bad, store, onRepair, signal)
  const waiting = await withholdImages([], store)
  if (waiting.length > 0) await beginRun(engine, run)
  await engine.states.endClosing(run, remarks)
}

/**
 * Unpublishes images and sets content aside as a collection of garbage does: so no process publishes an image because it remembers
 * that the content was there.
 */
async function replaceBad(
  found: readonly BadContent[],
  store: Upkeep,
  onRepair: (event: RepairEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const collection = await store.collect()
  try {
    await collection.awaitPublishers({ signal })
    // Again: images were published meanwhile.
    const bad = await findBad(
      found.map(({ digest }) => digest),
      store,
      { signal },
    )
    await withholdImages(bad, store, onRepair)
    await collection.sweep(async () => setBadAside(bad, store, onRepair))
  } finally {
    await collection.end({ signal })
  }
}

/** What the run has found bad, and the manifests that images cannot be read for. */
async function suspectsOf(
  engine: Engine,
  run: string,
  head: RunHead,
  store: Upkeep,
  signal: AbortSignal,
): Promise<ReadonlySet<Digest>> {
  const suspects = new Set<Digest>()
  await forEachConcurrently(failedImages(engine, run, head, store), concurrentImages, async (image) => {
    const onUnknown = ({ digest }: { digest: Digest }) => void suspects.add(digest)
    const needed = await neededBy(image, store.content, { unreadable: 'skip', onUnknown, signal })
    const outcomes = await engine.states.verified({ run, index: 0, attempt: 1 }, needed)
    for (const [i, { digest }] of needed.entries())
      if (outcomes[i] !== undefined && outcomes[i] !== 'right') suspects.add(digest)
  })
  return suspects
}

/** The images of the run that did not verify, also those that are unpublished already. */
async function* failedImages(
  engine: Engine,
  run: string,
  head: RunHead,
  { names, withheld }: Upkeep,
): AsyncIterable<Image> {
  for await (const { reference, state } of reportImages(clientParts(engine), run, head)) {
    if (state !== 'failed') continue
    const image = (await imageNamed(reference, names)) ?? (await withheld.get(reference))
    if (image !== undefined) yield image
  }
}

/** Begins the repair, once for a verification. */
async function beginRun(engine: Engine, run: string): Promise<void> {
  const { redis, keys } = engine
  await redis.hsetnx(keys.run(run), 'repair', newRunId())
  const repair = (await redis.hget(keys.run(run), 'repair')) ?? ''
  if ((await redis.exists(keys.run(repair))) === 1) return
  await submitRun(clientParts(engine), { kind: 'repair', references: [], platforms: 'all' }, repair)
}
