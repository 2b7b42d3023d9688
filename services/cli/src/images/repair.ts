import type { BadContent, RepairEvent, Repaired } from '@dist/mirror'
import { repairContent, storeTarget } from '@dist/mirror'
import type { OpenedStore } from '@dist/wiring/store'
import type { Context } from '../context.js'
import { describeError, exitCodeOf, exitCodes, jsonError } from '../errors/errors.js'
import { openIngest } from '../open/ingest.js'
import { interactivePolicy, noteWithoutBars, openRegistry, requestSettings } from '../open/registry.js'
import type { HostOptions, RemoteOptions } from '../options.js'
import { plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

/** Repairs bad content of a store, and prints each image that was affected. Returns the exit code. */
export async function repair(
  context: Context,
  bad: readonly BadContent[],
  store: OpenedStore,
  options: RemoteOptions & HostOptions,
): Promise<number> {
  await using remote = await openRegistry(options, context, noteWithoutBars(context, options))
  await using ingest = await openIngest({
    store,
    remote,
    requests: await requestSettings(options, context),
    concurrency: options.concurrency,
  })
  const dependencies = {
    source: remote,
    target: storeTarget(store.content, store.names),
    ingest: ingest.blob,
    hosts: remote.limiter,
  }
  const repaired: Repaired[] = []
  const onRepair = (event: RepairEvent) => noteStep(context, event)
  const settings = { policy: await interactivePolicy(options, context), signal: context.signal, onRepair }
  for await (const image of repairContent(bad, store, dependencies, settings)) {
    repaired.push(image)
    tell(context, image, options)
  }
  return exitCodeOfRepair(context, repaired)
}

function noteStep(context: Context, event: RepairEvent): void {
  if (event.type === 'aside') note(context, `${event.digest}: set aside: ${event.location}`)
  else note(context, `${shownName(event.name)}: unpublished until it is repaired`)
}

function tell(context: Context, { name, error }: Repaired, { json }: RemoteOptions): void {
  if (json)
    printJson(context, {
      name,
      repaired: error === undefined,
      ...(error === undefined ? {} : jsonError(error)),
    })
  else if (error === undefined) print(context, `${shownName(name)}  repaired`)
  else print(context, `${shownName(name)}  not repaired, stays unpublished: ${describeError(error)}`)
}

function exitCodeOfRepair(context: Context, repaired: readonly Repaired[]): number {
  if (context.signal.aborted) return exitCodeOf(undefined, context.signal)
  const failed = repaired.filter(({ error }) => error !== undefined)
  if (failed.length === 0) return exitCodes.done
  note(
    context,
    `${plural(failed.length, 'image')} could not be repaired; dist verify --repair tries again, dist images rm drops an image`,
  )
  return failed.length < repaired.length ? exitCodes.partlyDone : exitCodes.notVerified
}
