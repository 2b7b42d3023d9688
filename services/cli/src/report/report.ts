import type { FileHandle } from 'node:fs/promises'
import { sanitize, withSubject } from '@dist/errdefs'
import { type FailedImage, type ImageReport, unknownReason } from '@dist/runs'
import type { Context } from '../context.js'
import { failureOf, shownName } from '../output/format.js'
import { note, print, writeBytes } from '../output/print.js'
import { FailureGroups } from './failures.js'
import { openReplaced } from './file.js'
import { gatherLines } from './gather.js'
import { Markdown, markdownKind } from './markdown.js'
import { formatAmount, type ImagesKind, Summary, summaryLine, type Verb, verbOf } from './summary.js'

export interface ReportOptions {
  json?: boolean | undefined
  /** A file for the lines of `json`. */
  report?: string | undefined
  /** A file for a summary in Markdown. */
  summary?: string | undefined
}

const reportKind = { start: '{', name: 'report', flag: '--report' }

/** Up to this number images are listed; of more only failures and the summary. */
const listedAtMost = 50

/** Failures in the JSON of a status. The report has all of them. */
export const failuresAtMost = 100

const remarksAtMost = 20

/** The destination of a report. Opened before the work starts, so that an unwritable file is an early error. */
export interface Report extends AsyncDisposable {
  /** Whether `--json` is given. */
  readonly json: boolean
  /** Whether `--json`, `--report` or `--summary` is given. */
  readonly wanted: boolean
  /** The failures so far, by cause. */
  readonly failures: FailureGroups
  /**
   * Writes the result of each image as it comes, at the end the failures and the summary. Of an image nothing is kept, except
   * of a few. Called once.
   */
  write(images: Iterable<ImageReport> | AsyncIterable<ImageReport>, about: ReportAbout): Promise<Summary>
}

export interface ReportAbout {
  run?: string | undefined
  /** The number of all images: it decides whether they are listed. */
  total: number
  /** Default: `mirror`. */
  kind?: ImagesKind | undefined
  /** The registry, if the images do not go into the store. */
  to?: string | undefined
}

/** Throws what `openReplaced` throws. */
export async function openReport(context: Context, options: ReportOptions): Promise<Report> {
  const file = options.report === undefined ? undefined : await openReplaced(options.report, reportKind)
  const page = options.summary === undefined ? undefined : await openReplaced(options.summary, markdownKind)
  const failures = new FailureGroups()
  const sinks = { json: options.json === true, file, page }
  return {
    json: sinks.json,
    wanted: options.json === true || file !== undefined || page !== undefined,
    failures,
    write: (images, about) => writeReport(context, images, about, { ...sinks, failures }),
    [Symbol.asyncDispose]: async () => {
      await file?.close()
      await page?.close()
    },
  }
}

interface Sinks {
  json: boolean
  file: FileHandle | undefined
  page: FileHandle | undefined
  failures: FailureGroups
}

async function writeReport(
  context: Context,
  images: Iterable<ImageReport> | AsyncIterable<ImageReport>,
  about: ReportAbout,
  sinks: Sinks,
): Promise<Summary> {
  const { run, total, kind = 'mirror', to } = about
  const { json, file, page, failures } = sinks
  const summary = new Summary(kind)
  const verb = verbOf({ kind, to })
  const markdown = new Markdown()
  const notes = new ImageNotes(!json && total <= listedAtMost)
  const lines = gatherLines((text) => writeLines(context, text, sinks))
  try {
    for await (const image of images) {
      summary.add(image)
      notes.add(image)
      if (page !== undefined) markdown.add(image)
      if (image.state === 'failed') failures.add(image)
      if (json || file !== undefined) await lines.add(`${JSON.stringify(jsonReport(image, verb, run))}\n`)
    }
  } finally {
    // Also what was written before a failure.
    await lines.end()
  }
  await page?.writeFile(markdown.text(summaryLine(summary, to), failures))
  for (const image of notes.listed) print(context, doneLine(image, verb))
  for (const line of notes.remarks) note(context, line)
  for (const line of failures.lines(failureLines)) note(context, line)
  if (failures.beyond > 0)
    note(context, `and ${failures.beyond} more images failed; --report FILE lists all of them`)
  if (json) note(context, summaryLine(summary, to))
  else print(context, summaryLine(summary, to))
  return summary
}

async function writeLines({ stdout }: Context, text: string, { json, file }: Sinks): Promise<void> {
  await file?.writeFile(text)
  // Without the signal: after an interruption the report is still written.
  if (json) await writeBytes({ stdout }, Buffer.from(text))
}

/** What is printed of single images at the end: the first remarks, and a list of a few images. */
class ImageNotes {
  readonly #listed: ImageReport[] = []
  readonly #remarks: string[] = []
  #more = 0
  #pruned = 0

  constructor(private readonly lists: boolean) {}

  add(image: ImageReport): void {
    if (this.lists && image.state === 'done') this.#listed.push(image)
    if (this.lists && image.state === 'pruned' && this.#pruned++ < listedAtMost) this.#listed.push(image)
    for (const remark of image.remarks ?? [])
      if (this.#remarks.length === remarksAtMost) this.#more++
      else this.#remarks.push(`${shownName(image.reference)}: ${sanitize(remark, 500)}`)
  }

  /** In the order of the request. */
  get listed(): readonly ImageReport[] {
    return this.#listed.sort((a, b) => a.index - b.index)
  }

  get remarks(): readonly string[] {
    if (this.#more === 0) return this.#remarks
    return [...this.#remarks, `and ${this.#more} more remarks; --report FILE lists all of them`]
  }
}

/** The JSON line of an image. */
export function jsonReport(image: ImageReport, verb: Verb, run?: string): object {
  const { reference, to, entry, state, digest, previous, upToDate, fetched, shared, remarks, stage } = image
  const { error, failures } = image
  return {
    run,
    entry,
    name: reference,
    to,
    state,
    digest,
    previous,
    upToDate,
    [verb]: fetched,
    shared,
    remarks,
    ...(error === undefined ? {} : { error: error.message, code: error.code, stage }),
    ...(failures === undefined || failures.length === 0
      ? {}
      : { failures: failures.map(({ digest, code, message }) => ({ digest, error: message, code })) }),
  }
}

/** An image that is done, for people. */
export function doneLine(image: ImageReport, verb: Verb): string {
  const { reference, to, state, digest, previous, upToDate, fetched, shared } = image
  if (state === 'pruned') return `${shownName(reference)} ${digest ?? '-'}  pruned`
  const amounts = [
    ...(fetched === undefined || fetched.objects === 0 ? [] : [`${verb} ${formatAmount(fetched)}`]),
    ...(shared === undefined || shared.objects === 0 ? [] : [`shared ${formatAmount(shared)}`]),
  ]
  const how = upToDate ? 'up to date' : amounts.join(', ')
  const names = to === undefined ? shownName(reference) : `${shownName(reference)} -> ${shownName(to)}`
  const was = previous === undefined ? '' : `${previous} -> `
  return `${names} ${was}${digest ?? '-'}${how === '' ? '' : `  ${how}`}`
}

/** The error, and the failed blobs that it does not name. */
export function failureLines({ reference, error, failures = [] }: FailedImage): string[] {
  const message = sanitize(error?.message ?? unknownReason, 500)
  const blobs = failures.filter(({ digest }) => !message.includes(digest))
  return [
    failureOf(reference, message),
    ...blobs
      .slice(0, 5)
      .map(({ digest, message: why }) => `  ${withSubject(sanitize(digest), sanitize(why))}`),
    ...(blobs.length > 5 ? [`  and ${blobs.length - 5} more`] : []),
  ]
}
