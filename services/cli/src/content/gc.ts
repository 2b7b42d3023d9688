import type { Amount, GarbageEvent, GarbageOutcome, UnknownContent } from '@dist/mirror'
import { collectGarbage } from '@dist/mirror'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError, exitCodes, jsonError } from '../errors/errors.js'
import { openStore } from '../open/store.js'
import { duration, type StoreOptions, withStore } from '../options.js'
import { formatBytes, formatDuration, plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { DelayedLine } from '../progress/line.js'

const examples = `
Deletes content that no image of the store needs and that is older than --grace, and discards writes that were abandoned for as long.
It can run beside pulls, mirrors, imports and other garbage collections: what they publish stays whole, and they wait for a few
seconds at most. Prints the digests of the deleted content, and a summary on stderr.

If a manifest of an image cannot be read, it is unknown what the image needs. Then no content is deleted (exit code 1).

Examples:
  $ dist gc --dry-run
  $ dist gc
  $ dist gc --grace 7d --store s3://mirror/images`

export const gcCommand: Define = (context, onExit) =>
  withStore(new Command('gc'))
    .addOption(
      new Option('--grace <duration>', 'keep younger content and writes')
        .argParser(duration)
        .default(86_400_000, '24h'),
    )
    .option('-n, --dry-run', 'delete nothing; print what would be deleted')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await gc(context, options)))

export interface GcOptions extends StoreOptions {
  /** Milliseconds. */
  grace: number
  dryRun?: boolean | undefined
}

/** `dist gc`: deletes content that no image needs. */
export async function gc(context: Context, options: GcOptions): Promise<number> {
  const { grace, dryRun = false, json } = options
  await using store = await openStore(options, context.env)
  const line = new DelayedLine(context, 500, () => performance.now())
  const onEvent = (event: GarbageEvent) => {
    line.draw(() => progressOf(event, dryRun))
    if (event.type !== 'deleted') return
    if (json) printJson(context, { digest: event.digest, size: event.size })
    else print(context, event.digest)
  }
  try {
    const onRemark = (remark: string) => note(context, remark)
    const { signal } = context
    const outcome = await collectGarbage(store, { grace, dryRun, signal, onEvent, onRemark })
    line.end()
    return report(context, outcome, options)
  } finally {
    line.end()
  }
}

function progressOf(event: GarbageEvent, dryRun: boolean): string {
  if (event.type === 'waiting')
    return `waiting for ${plural(event.processes, 'process', 'processes')} that publish to the store`
  if (event.type === 'reading') return `reading images   ${event.names}`
  if (event.type === 'listing') return `listing content   ${event.objects}`
  return `${dryRun ? 'found' : 'deleting'}   ${event.done} / ${event.total}`
}

/** Manifests that are named at most. */
const namedAtMost = 10

function report(context: Context, outcome: GarbageOutcome, { json, grace, dryRun }: GcOptions): number {
  const { images, deleted, young, needed, abandoned, unknown } = outcome
  if (json)
    printJson(context, {
      ...{ images, deleted, young, needed, complete: unknown.length === 0 },
      abandoned: sumOf(abandoned),
      ...(unknown.length === 0 ? {} : { unknown: unknown.map(jsonUnknown) }),
    })
  const [was, discarded] = dryRun ? ['would be deleted', 'would be discarded'] : ['deleted', 'discarded']
  note(
    context,
    `${textOf(deleted)} ${was}; ${plural(images, 'image')} ${images === 1 ? 'needs' : 'need'} ${textOf(needed)}`,
  )
  if (young.objects > 0 && unknown.length === 0)
    note(
      context,
      `${textOf(young)} kept that no image needs: younger than ${formatDuration(grace)}, or on the way into an image`,
    )
  if (abandoned.length > 0)
    note(
      context,
      `${plural(abandoned.length, 'abandoned write')} (${formatBytes(sumOf(abandoned).bytes)}) ${discarded}`,
    )
  if (unknown.length === 0) return exitCodes.done
  for (const each of unknown.slice(0, namedAtMost)) note(context, lineOf(each))
  if (unknown.length > namedAtMost) note(context, `and ${unknown.length - namedAtMost} more`)
  note(
    context,
    'no content was deleted: it is unknown what these images need; dist pull <ref> or dist verify --repair brings a manifest back, dist images rm <ref> removes an image',
  )
  return exitCodes.failed
}

function textOf({ objects, bytes }: Amount): string {
  return `${plural(objects, 'object')} (${formatBytes(bytes)})`
}

function sumOf(writes: GarbageOutcome['abandoned']): Amount {
  return { objects: writes.length, bytes: writes.reduce((sum, { size }) => sum + size, 0) }
}

function lineOf({ name, error }: UnknownContent): string {
  return `${name === undefined ? 'an image without a name, of another tool' : shownName(name)}: ${describeError(error)}`
}

function jsonUnknown({ name, desc, error }: UnknownContent) {
  return { name, digest: desc.digest, ...jsonError(error) }
}
