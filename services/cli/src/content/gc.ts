import { collectGarbage, type GarbageEvent, summarizeGarbage } from '@dist/mirror'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { queueAddress } from '../open/queue.js'
import { openStore } from '../open/store.js'
import { duration, type QueueOptions, type StoreOptions, withQueue, withStore } from '../options.js'
import { note, print, printJson } from '../output/print.js'
import { progressLine } from '../progress/collection.js'
import { DelayedLine } from '../progress/line.js'
import { reportCollection } from '../report/collection.js'
import { checkDetaching } from '../runs/submit.js'

const examples = `
Deletes content that no image of the store needs and that is older than --grace, and discards writes that were abandoned for as long.
It can run beside pulls, mirrors, imports and other garbage collections: what they publish stays whole, and they wait for a few
seconds at most. Prints the digests of the deleted content, and a summary on stderr.

If a manifest of an image cannot be read, it is unknown what the image needs. Then no content is deleted (exit code 1).

With a queue a coordinator collects the garbage of its store, as a run without images. Ctrl-C detaches.

Examples:
  $ dist gc --dry-run
  $ dist gc
  $ dist gc --grace 7d --store s3://mirror/images
  $ dist gc --queue redis://10.0.0.5:6379`

export const gcCommand: Define = (context, onExit) =>
  withQueue(withStore(new Command('gc')))
    .addOption(
      new Option('--grace <duration>', 'keep younger content and writes')
        .argParser(duration)
        .default(86_400_000, '24h'),
    )
    .option('-n, --dry-run', 'delete nothing; print what would be deleted')
    .option('--detach', 'with a queue: submit the collection, print its run, and do not wait')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await gc(context, options)))

export interface GcOptions extends StoreOptions, QueueOptions {
  /** Milliseconds. */
  grace: number
  dryRun?: boolean | undefined
  detach?: boolean | undefined
}

/** `dist gc`: deletes content that no image needs, in this process or with services. */
export async function gc(context: Context, options: GcOptions): Promise<number> {
  const address = await queueAddress(options, context.env)
  checkDetaching(options, address)
  return address === undefined
    ? collectHere(context, options)
    : (await import('./gc-queued.js')).gcQueued(context, address, options)
}

async function collectHere(context: Context, options: GcOptions): Promise<number> {
  const { grace, dryRun = false, json } = options
  await using store = await openStore(options, context.env)
  const line = new DelayedLine(context, 500, () => performance.now())
  const onEvent = (event: GarbageEvent) => {
    line.draw(() => progressLine(event, dryRun))
    if (event.type !== 'deleted') return
    if (json) printJson(context, { digest: event.digest, size: event.size })
    else print(context, event.digest)
  }
  try {
    const onRemark = (remark: string) => note(context, remark)
    const { signal } = context
    const outcome = await collectGarbage(store, { grace, dryRun, signal, onEvent, onRemark })
    line.end()
    return reportCollection(context, summarizeGarbage(outcome), options)
  } finally {
    line.end()
  }
}
