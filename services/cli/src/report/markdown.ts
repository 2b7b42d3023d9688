import { sanitize } from '@dist/errdefs'
import type { ImageReport } from '@dist/runs'
import { formatBytes } from '../output/format.js'
import type { FailureGroups } from './failures.js'

const title = '## dist mirror'

export const markdownKind = { start: title, name: 'summary', flag: '--summary' }

/** Changed images that are listed. */
const listedAtMost = 200

interface Row {
  images: number
  upToDate: number
  changed: number
  failed: number
  bytes: number
}

/** A summary of a run in Markdown: counts for each mirror, the images that are new or changed, and failures by cause. */
export class Markdown {
  readonly #rows = new Map<string, Row>()
  readonly #changed: string[] = []
  #more = 0

  add(image: ImageReport): void {
    const { entry = '', state, upToDate, fetched, reference, to, previous, digest } = image
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
    if (this.#changed.length === listedAtMost) this.#more++
    else this.#changed.push(`| ${cell(to ?? reference)} | ${code(previous)} | ${code(digest)} |`)
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
      ...this.#changes(),
      ...causes(failures),
      '',
    ].join('\n')
  }

  #changes(): string[] {
    if (this.#changed.length === 0) return []
    const more = this.#more === 0 ? [] : ['', `And ${this.#more} more.`]
    const head = ['| Image | Before | Now |', '|---|---|---|']
    return ['', '### New or changed', '', ...head, ...this.#changed, ...more]
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
