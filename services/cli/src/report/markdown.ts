import { sanitize } from '@dist/errdefs'
import type { ImageReport } from '@dist/runs'
import { formatBytes } from '../output/format.js'
import type { FailureGroups } from './failures.js'

const title = '## dist mirror'

export const markdownKind = { start: title, name: 'summary', flag: '--summary' }

/** Images of a table that are listed. */
const listedAtMost = 200

interface Row {
  images: number
  upToDate: number
  changed: number
  failed: number
  bytes: number
}

/** A summary of a run in Markdown: counts for each mirror, the images that are new, changed or pruned, and failures by
 * cause. */
export class Markdown {
  readonly #rows = new Map<string, Row>()
  readonly #changed = new Listed()
  readonly #pruned = new Listed()

  add(image: ImageReport): void {
    const { entry = '', state, upToDate, fetched, reference, to, previous, digest } = image
    if (state === 'pruned') {
      this.#pruned.add(`| ${cell(reference)} | ${code(digest)} |`)
      return
    }
    const row = this.#rows.get(entry) ?? { images: 0, upToDate: 0, changed: 0, failed: 0, bytes: 0 }
    this.#rows.set(entry, row)
    row.images++
    row.bytes += fetched?.bytes ?? 0
    if (state === 'failed') row.failed++
    if (state !== 'done') return
    if (upToDate) {
      row.upToDate++
      return
    }
    row.changed++
    this.#changed.add(`| ${cell(to ?? reference)} | ${code(previous)} | ${code(digest)} |`)
  }

  /** `line`: the sums of the run. */
  text(line: string, failures: FailureGroups): string {
    return [
      title,
      '',
      plainText(line),
      '',
      '| Mirror | Images | Up to date | New or changed | Failed | Fetched |',
      '|---|---:|---:|---:|---:|---:|',
      ...[...this.#rows].map(
        ([entry, { images, upToDate, changed, failed, bytes }]) =>
          `| ${cell(entry === '' ? 'references' : entry)} | ${images} | ${upToDate} | ${changed} | ${failed} | ${formatBytes(bytes)} |`,
      ),
      ...this.#changed.table('New or changed', ['| Image | Before | Now |', '|---|---|---|']),
      ...this.#pruned.table('Pruned', ['| Image | Was |', '|---|---|']),
      ...causes(failures),
      '',
    ].join('\n')
  }
}

/** The rows of a table, of which only the first are kept. */
class Listed {
  readonly #rows: string[] = []
  #more = 0

  add(row: string): void {
    if (this.#rows.length === listedAtMost) this.#more++
    else this.#rows.push(row)
  }

  /** Nothing if there is no row. */
  table(title: string, head: readonly string[]): string[] {
    if (this.#rows.length === 0) return []
    const more = this.#more === 0 ? [] : ['', `And ${this.#more} more.`]
    return ['', `### ${title}`, '', ...head, ...this.#rows, ...more]
  }
}

function causes(failures: FailureGroups): string[] {
  const found = failures.remarks()
  return found.length === 0 ? [] : ['', '### Failed', '', ...found.map(({ text }) => `- ${plainText(text)}`)]
}

function code(digest: string | undefined): string {
  return digest === undefined ? '' : `\`${digest}\``
}

/** The text of a cell: a bar would end it. */
function cell(text: string): string {
  return plainText(text).replaceAll('|', '\\|')
}

/** A text that has no markup of its own: names and errors come from outside. */
function plainText(text: string): string {
  return sanitize(text, 500).replace(/[\\`*_<>[\]#!&]/g, '\\$&')
}
