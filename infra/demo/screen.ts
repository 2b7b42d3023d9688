import { styleText } from 'node:util'

const colours = process.stdout.isTTY === true && !process.env.NO_COLOR

const style = (name: Parameters<typeof styleText>[0], text: string) =>
  colours ? styleText(name, text) : text

export const bold = (text: string) => style('bold', text)
const dim = (text: string) => style('dim', text)

let steps = 0

/** A heading with its number. */
export function step(title: string): void {
  console.log(`\n${bold(`${++steps}. ${title}`)}`)
}

export function note(text = ''): void {
  console.log(text === '' ? '' : `   ${text}`)
}

/** A result that was looked at: returns whether it holds. */
export function check(holds: boolean, text: string): boolean {
  note(`${holds ? style('green', 'ok') : style('red', 'NOT SO')}  ${text}`)
  return holds
}

/** Rows below a heading, in columns. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const [i, row] of rows.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
    note(i === 0 ? dim(line.trimEnd()) : line.trimEnd())
  }
}

/** A row of a table that is written as it comes about, in columns of these widths. */
export function row(cells: readonly string[], widths: readonly number[]): void {
  note(
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The first lines and the last one, as wide as the terminal; all of them without a `count`. */
export function excerpt(lines: readonly string[], count = lines.length): void {
  const hidden = lines.length - count - 1
  const shown = hidden > 1 ? lines.slice(0, count) : lines
  for (const line of shown) console.log(fitting(line))
  if (shown === lines) return
  console.log(dim(`... ${hidden} more lines ...`))
  console.log(fitting(lines.at(-1) ?? ''))
}

function fitting(line: string): string {
  const width = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}

/** `12.3 MiB`, as the command itself writes sizes. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
