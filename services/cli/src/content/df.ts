import { type Amount, type ImageUsage, measureUsage, type StoreUsage, type UsageEvent } from '@dist/mirror'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore, withTable } from '../options.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { DelayedLine } from '../progress/line.js'

const examples = `
images: content that images need; shared: of it, what several images need; reclaimable: what no image needs and dist gc deletes, once
it is older than its grace; abandoned: interrupted writes that dist gc and dist sweep discard. With --images, OWN is what only this
image needs: removing it frees as much.

Examples:
  $ dist df
  $ dist df --images
  $ dist df --json | jq .reclaimable.bytes`

export const dfCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('df')))
    .option('--images', 'list the images, those that need most alone first')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await df(context, options)))

export interface DfOptions extends StoreOptions, TableOptions {
  images?: boolean | undefined
}

/** `dist df`: shows what the content of the store is needed for. */
export async function df(context: Context, options: DfOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const line = new DelayedLine(context, 500, () => performance.now())
  const onEvent = ({ type, count }: UsageEvent) =>
    line.draw(() => `${type === 'reading' ? 'reading images' : 'listing content'}   ${count}`)
  try {
    const usage = await measureUsage(store, { signal: context.signal, onEvent })
    line.end()
    report(context, usage, options)
    return exitCodes.done
  } finally {
    line.end()
  }
}

const columns: readonly Column[] = [{ title: 'CONTENT' }, { title: 'OBJECTS' }, { title: 'SIZE' }]
const imageColumns: readonly Column[] = [
  { title: 'REF', cut: 'name', least: 24 },
  { title: 'SIZE' },
  { title: 'OWN' },
]

function report(context: Context, usage: StoreUsage, options: DfOptions): void {
  const { total, needed, shared, reclaimable, abandoned, unknown } = usage
  const images = usage.images.toSorted((a, b) => b.own.bytes - a.own.bytes || compareNames(a, b))
  if (options.json) {
    const amounts = { total, needed, shared, reclaimable, abandoned }
    if (options.images) for (const image of images) printJson(context, image)
    printJson(context, { images: images.length, ...amounts, complete: unknown.length === 0 })
  } else if (options.images) {
    const rows = images.map(({ name, all, own }) => [
      nameOf(name),
      formatBytes(all.bytes),
      formatBytes(own.bytes),
    ])
    context.stdout.write(tableFor(context, imageColumns, rows, options))
  } else {
    const row = (title: string, { objects, bytes }: Amount) => [title, `${objects}`, formatBytes(bytes)]
    const rows = [
      row(`images (${images.length})`, needed),
      row('  shared', shared),
      row('reclaimable', reclaimable),
      row('total', total),
      row('abandoned writes', abandoned),
    ]
    context.stdout.write(tableFor(context, columns, rows, options))
  }
  if (unknown.length > 0) {
    const names = [...new Set(unknown.map(({ name }) => nameOf(name)))]
    note(
      context,
      `what ${plural(names.length, 'image')} need is not known completely, since manifests cannot be read: ${names.slice(0, 5).join(', ')}`,
    )
  }
}

function compareNames(a: ImageUsage, b: ImageUsage): number {
  return nameOf(a.name) < nameOf(b.name) ? -1 : 1
}

function nameOf(name: string | undefined): string {
  return name === undefined ? '(no name)' : shownName(name)
}
