import { throwIfAborted } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { Snapshots, type Unpacked } from '@dist/rootfs'
import { openStore } from '@dist/wiring'
import { type SnapshotOptions, snapshotsFolder } from '../compose/snapshots.js'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { openView } from '../progress/view.js'
import { describeError, jsonError } from '../run.js'
import { traceDefect } from '../trace.js'
import { failureOf, findImage, shownName, typedName } from './names.js'
import { jsonUnpacked, unpackedLine, unpackShown, Warnings } from './unpacking.js'

export interface UnpackOptions extends StoreOptions, SnapshotOptions {
  platform?: string | undefined
  top?: boolean | undefined
}

interface Outcome {
  readonly name: string
  readonly unpacked?: Unpacked | undefined
  readonly error?: unknown
}

/** `dist unpack`: root filesystems of images of the store, as snapshots. */
export async function unpack(
  context: Context,
  texts: readonly string[],
  options: UnpackOptions,
): Promise<number> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  await using store = await openStore(options, context.env)
  const snapshots = new Snapshots(snapshotsFolder(options, context.env))
  const warnings = new Warnings()
  const view = await openView(context, { plain: options.verbose })
  const keep = options.top ? ('top' as const) : ('all' as const)
  const common = { platform, snapshots, keep, onEvent: view.onEvent }
  const outcomes: Outcome[] = []
  try {
    for (const text of texts) {
      throwIfAborted(context.signal)
      let name = typedName(text)
      try {
        const image = await findImage(text, store.names)
        name = shownName(image.name)
        const task = { name, desc: image.desc, source: store.content, onWarning: warnings.add, ...common }
        outcomes.push({ name, unpacked: await unpackShown(context, task) })
      } catch (error) {
        outcomes.push({ name, error })
      }
    }
  } finally {
    view.end()
  }
  report(context, outcomes, warnings, options)
  return exitCodeOfAll(outcomes, context.signal)
}

function report(
  context: Context,
  outcomes: readonly Outcome[],
  warnings: Warnings,
  options: UnpackOptions,
): void {
  for (const { name, unpacked, error } of outcomes) {
    if (options.json)
      printJson(context, { name, ...(unpacked === undefined ? jsonError(error) : jsonUnpacked(unpacked)) })
    else if (unpacked !== undefined) print(context, unpackedLine(name, unpacked))
  }
  warnings.tell(context, options)
  if (context.signal.aborted) return
  for (const { name, error } of outcomes) {
    if (error === undefined) continue
    note(context, failureOf(name, describeError(error)))
    traceDefect(context, error)
  }
}
