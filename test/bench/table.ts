/** A table in Markdown, aligned: `text` columns to the left, figures to the right. The first row is the header. */
export function table(rows: readonly (readonly string[])[], text: number): string[] {
  const [header = [], ...others] = rows
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, i) => (i < text ? (row[i] ?? '').padEnd(width) : (row[i] ?? '').padStart(width))).join(' | ')} |`
  const ruler = `|${widths.map((width, i) => (i < text ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), ruler, ...others.map(line)]
}
