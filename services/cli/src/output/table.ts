import type { Context } from '../context.js'
import { clip, clipName, pad, textWidth } from './width.js'

/** A column of a table, and how it is shortened on a narrow terminal. */
export interface Column {
  readonly title: string
  /** Where cells are cut: in the middle of a name, or at their end. Default: never. */
  readonly cut?: 'name' | 'end' | undefined
  /** Columns of the terminal that a cut cell keeps before whole columns are left out. */
  readonly least?: number | undefined
  /** The column with the highest rank is left out first. Default: never. */
  readonly rank?: number | undefined
}

export interface TableOptions {
  /** False: cells are not cut on a terminal. */
  trunc?: boolean | undefined
}

type Row = readonly string[]

/**
 * A table for stdout. On a terminal digests are shortened and lines fit its width. Elsewhere, and without `trunc`, cells are
 * whole.
 */
export function tableFor(
  { stdout }: Pick<Context, 'stdout'>,
  columns: readonly Column[],
  rows: readonly Row[],
  { trunc = true }: TableOptions = {},
): string {
  if (!stdout.isTTY || !trunc) return draw(columns, rows)
  const short = rows.map((row) => row.map(shortenDigests))
  // A terminal of unknown size has 0 columns.
  return draw(...fitted(columns, short, stdout.columns || 80))
}

/** Digests in a text, as tables on a terminal show them: `sha256:` and 12 of their characters. */
export function shortenDigests(text: string): string {
  return text.replace(/\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{20,}/g, '$1')
}

const gap = '  '

function draw(columns: readonly Column[], rows: readonly Row[]): string {
  const all = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, i) => widest(all, i))
  const last = columns.length - 1
  const line = (row: Row) =>
    row
      .map((cell, i) => (i === last ? cell : pad(cell, widths[i] ?? 0)))
      .join(gap)
      .trimEnd()
  return `${all.map(line).join('\n')}\n`
}

function widest(rows: readonly Row[], column: number): number {
  return Math.max(...rows.map((row) => textWidth(row[column] ?? '')))
}

/** The columns that fit, and their cells, cut if needed. */
function fitted(columns: readonly Column[], rows: readonly Row[], width: number): [Column[], Row[]] {
  const shown = columns.map((column, i) => ({
    column,
    i,
    width: Math.max(column.title.length, widest(rows, i)),
  }))
  while (excess(shown, width) > spare(shown)) {
    const worst = shown.reduce<Shown | undefined>(higher, undefined)
    if (worst === undefined) break
    shown.splice(shown.indexOf(worst), 1)
  }
  shrink(shown, width, least)
  shrink(shown, width, () => shortest)
  const cells = rows.map((row) => shown.map(({ column, i, width }) => cut(row[i] ?? '', width, column)))
  return [shown.map(({ column }) => column), cells]
}

interface Shown {
  readonly column: Column
  /** Its index in the rows. */
  readonly i: number
  width: number
}

/** The least width of a cut cell. */
const shortest = 8

/** The width of the columns beyond the terminal. */
function excess(shown: readonly Shown[], width: number): number {
  return shown.reduce((sum, each) => sum + each.width, gap.length * (shown.length - 1)) - width
}

function least({ column, width }: Shown): number {
  return column.cut === undefined ? width : Math.min(width, Math.max(column.least ?? 0, column.title.length))
}

/** The width that can be saved without leaving a column out. */
function spare(shown: readonly Shown[]): number {
  return shown.reduce((sum, each) => sum + each.width - least(each), 0)
}

function higher(worst: Shown | undefined, each: Shown): Shown | undefined {
  if (each.column.rank === undefined) return worst
  return worst === undefined || each.column.rank > (worst.column.rank ?? 0) ? each : worst
}

/** Shrinks the columns that can be cut, names last. */
function shrink(shown: readonly Shown[], width: number, floor: (each: Shown) => number): void {
  for (const kind of ['end', 'name'] as const)
    for (const each of shown.filter(({ column }) => column.cut === kind))
      each.width -= Math.max(0, Math.min(excess(shown, width), each.width - floor(each)))
}

function cut(cell: string, width: number, { cut: place }: Column): string {
  if (place === undefined) return cell
  return place === 'name' ? clipName(cell, width) : clip(cell, width)
}
