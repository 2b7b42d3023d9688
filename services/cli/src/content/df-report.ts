import type { Amount, EntryUsage, ImageUsage, StoreUsage, UsageEvent } from '@dist/mirror'
import type { Context } from '../context.js'
import type { OutputOptions } from '../options.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'

/** What the content of a store is needed for, as far as it is shown. */
export interface Usage {
  readonly images: number
  readonly total: Amount
  readonly needed: Amount
  readonly shared: Amount
  readonly reclaimable: Amount
  readonly abandoned: Amount
  readonly isComplete: boolean
}

interface ReportOptions extends OutputOptions, TableOptions {}

const columns: readonly Column[] = [{ title: 'CONTENT' }, { title: 'OBJECTS' }, { title: 'SIZE' }]
const imageColumns: readonly Column[] = [
  { title: 'REF', cut: 'name', least: 24 },
  { title: 'SIZE' },
  { title: 'OWN' },
]

/** `list`: the images, if they are asked for, in any order. */
export function reportUsage(
  context: Context,
  usage: Usage,
  list: readonly ImageUsage[] | undefined,
  options: ReportOptions,
): void {
  const { images: count, total, needed, shared, reclaimable, abandoned, isComplete: complete } = usage
  const images = list?.toSorted((a, b) => b.own.bytes - a.own.bytes || compareNames(a, b))
  if (options.json) {
    for (const image of images ?? []) printJson(context, image)
    printJson(context, { images: count, total, needed, shared, reclaimable, abandoned, complete })
  } else if (images !== undefined) {
    const rows = images.map(({ name, all, own }) => [
      nameOf(name),
      formatBytes(all.bytes),
      formatBytes(own.bytes),
    ])
    context.stdout.write(tableFor(context, imageColumns, rows, options))
  } else {
    const row = (title: string, { objects, bytes }: Amount) => [title, `${objects}`, formatBytes(bytes)]
    const rows = [
      row(`images (${count})`, needed),
      row('  shared', shared),
      row('reclaimable', reclaimable),
      row('total', total),
      row('abandoned writes', abandoned),
    ]
    context.stdout.write(tableFor(context, columns, rows, options))
  }
}

const entryColumns: readonly Column[] = [
  { title: 'ENTRY', cut: 'name', least: 12 },
  { title: 'IMAGES' },
  { title: 'SIZE' },
  { title: 'OWN' },
]

export function reportEntries(
  context: Context,
  entries: readonly EntryUsage[],
  options: ReportOptions,
): void {
  const sorted = entries.toSorted((a, b) => b.own.bytes - a.own.bytes || (titleOf(a) < titleOf(b) ? -1 : 1))
  if (options.json) for (const entry of sorted) printJson(context, entry)
  else {
    const rows = sorted.map((each) => [
      titleOf(each),
      `${each.images}`,
      formatBytes(each.all.bytes),
      formatBytes(each.own.bytes),
    ])
    context.stdout.write(tableFor(context, entryColumns, rows, options))
  }
}

function titleOf({ entry }: EntryUsage): string {
  return entry === undefined ? '(no entry)' : shownName(entry)
}

/** `unknown`: what cannot be read. */
export function noteUnknown(context: Context, unknown: StoreUsage['unknown']): void {
  if (unknown.length === 0) return
  const names = [...new Set(unknown.map(({ name }) => nameOf(name)))]
  note(
    context,
    `what ${plural(names.length, 'image')} need is not known completely, since manifests cannot be read: ${names.slice(0, 5).join(', ')}`,
  )
}

function compareNames(a: ImageUsage, b: ImageUsage): number {
  return nameOf(a.name) < nameOf(b.name) ? -1 : 1
}

function nameOf(name: string | undefined): string {
  return name === undefined ? '(no name)' : shownName(name)
}

/** What is done, in a line. */
export function measuringLine({ type, count }: UsageEvent): string {
  return `${type === 'reading' ? 'reading images' : 'listing content'}   ${count}`
}
