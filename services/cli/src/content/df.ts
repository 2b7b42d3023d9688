import { measureUsage, type UsageEvent } from '@dist/mirror'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { serverAddress } from '../open/queue.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withServer, withStore, withTable } from '../options.js'
import type { TableOptions } from '../output/table.js'
import { DelayedLine } from '../progress/line.js'
import { measuringLine, noteUnknown, reportEntries, reportUsage } from './df-report.js'

const examples = `
images: content that images need; shared: of it, what several images need; reclaimable: what no image needs and dist gc deletes, once
it is older than its grace; abandoned: interrupted writes that dist gc and dist sweep discard. With --images, OWN is what only this
image needs: removing it frees as much. With --entries, OWN is what only the images of this entry of a mirror file need.

Examples:
  $ dist df
  $ dist df --images
  $ dist df --entries
  $ dist df --json | jq .reclaimable.bytes
  $ dist df --server https://mirror.example.com`

export const dfCommand: Define = (context, onExit) =>
  withTable(withServer(withStore(new Command('df')), 'the store'))
    .option('--images', 'list the images, those that need most alone first')
    .addOption(
      new Option('--entries', 'list the entries of mirror files, those that need most alone first').conflicts(
        'images',
      ),
    )
    .addHelpText('after', examples)
    .action(async (options) => onExit(await df(context, options)))

export interface DfOptions extends StoreOptions, TableOptions {
  images?: boolean | undefined
  entries?: boolean | undefined
  server?: string | undefined
}

/** `dist df`: shows what the content of the store is needed for, of a store here or that of services. */
export async function df(context: Context, options: DfOptions): Promise<number> {
  const elsewhere = options.store === undefined ? undefined : '--store'
  const address = await serverAddress(options, context.env, elsewhere)
  if (address === undefined) return await measureHere(context, options)
  return await (await import('./df-server.js')).dfByServer(context, address, options)
}

async function measureHere(context: Context, options: DfOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const line = new DelayedLine(context, 500, () => performance.now())
  const onEvent = (event: UsageEvent) => line.draw(() => measuringLine(event))
  try {
    const usage = await measureUsage(store, { signal: context.signal, entries: options.entries, onEvent })
    line.end()
    const { images, entries, unknown } = usage
    const totals = { ...usage, images: images.length, isComplete: unknown.length === 0 }
    if (options.entries) reportEntries(context, entries, options)
    else reportUsage(context, totals, options.images ? images : undefined, options)
    noteUnknown(context, unknown)
    return exitCodes.done
  } finally {
    line.end()
  }
}
