import type { FileHandle } from 'node:fs/promises'
import { sanitize } from '@dist/errdefs'
import type { ImageReport, RunKind } from '@dist/queue'
import type { Context } from '../../context.js'
import { note, print, writeBytes } from '../../output.js'
import { failureOf, shownName } from '../names.js'
import { openReportFile } from './report-file.js'
import { formatAmount, pastOf, Summary, summaryLine } from './summary.js'

export interface ReportOptions {
  json?: boolean
  /** A file that gets what `json` prints. */
  report?: string
}

/** So many images are listed one by one; of more only failures and the summary are shown. */
export const listedAtMost = 50
/** So many failures are shown; the report file and JSON have all of them. */
export const failuresAtMost = 100

/** Where a report goes. Opened before the work begins, so that a file that cannot be written is known in time. */
export interface Report extends AsyncDisposable {
  /** Writes how it went for each image, then the summary. `run` names the run where there is one. */
  write(images: Iterable<ImageReport> | AsyncIterable<ImageReport>, about: ReportAbout): Promise<Summary>
}

export interface ReportAbout {
  run?: string
  /** Images in all: decides whether they are listed. */
  total: number
  /** Default: `mirror`. */
  kind?: RunKind
}

/** Throws what `openReportFile` throws. */
export async function openReport(context: Context, options: ReportOptions): Promise<Report> {
  const file = options.report === undefined ? undefined : await openReportFile(options.report)
  return {
    write: (images, about) => writeReport(context, images, about, { json: options.json === true, file }),
    [Symbol.asyncDispose]: async () => file?.close(),
  }
}

interface Sinks {
  json: boolean
  file: FileHandle | undefined
}

async function writeReport(
  context: Context,
  images: Iterable<ImageReport> | AsyncIterable<ImageReport>,
  { run, total, kind = 'mirror' }: ReportAbout,
  { json, file }: Sinks,
): Promise<Summary> {
  const summary = new Summary(kind)
  for await (const image of images) {
    summary.add(image)
    const line = json || file !== undefined ? `${JSON.stringify(jsonReport(image, run, kind))}\n` : ''
    await file?.write(line)
    if (json) await writeBytes(context, Buffer.from(line))
    else if (total <= listedAtMost && image.state === 'done') print(context, doneLine(image, kind))
    if (image.state === 'failed' && summary.failed <= failuresAtMost) sayFailure(context, image)
  }
  if (summary.failed > failuresAtMost)
    note(context, `and ${summary.failed - failuresAtMost} more that failed: --report FILE has all of them`)
  if (json) note(context, summaryLine(summary))
  else print(context, summaryLine(summary))
  return summary
}

/** An image as a line of JSON, in the words of the other commands. */
export function jsonReport(image: ImageReport, run: string | undefined, kind: RunKind = 'mirror'): object {
  const { reference, state, digest, upToDate, fetched, shared, error, failures } = image
  return {
    ...(run === undefined ? {} : { run }),
    name: reference,
    state,
    ...(digest === undefined ? {} : { digest }),
    ...(upToDate === undefined ? {} : { upToDate }),
    ...(fetched === undefined ? {} : { [pastOf[kind]]: fetched }),
    ...(shared === undefined ? {} : { shared }),
    ...(error === undefined ? {} : { error: error.message, code: error.code }),
    ...(failures === undefined || failures.length === 0
      ? {}
      : { failures: failures.map(({ digest, code, message }) => ({ digest, error: message, code })) }),
  }
}

function doneLine({ reference, digest, upToDate, fetched, shared }: ImageReport, kind: RunKind): string {
  const amounts = [
    ...(fetched === undefined || fetched.objects === 0 ? [] : [`${pastOf[kind]} ${formatAmount(fetched)}`]),
    ...(shared === undefined || shared.objects === 0 ? [] : [`shared ${formatAmount(shared)}`]),
  ]
  const how = upToDate ? 'up to date' : amounts.join(', ')
  return `${shownName(reference)} ${digest ?? '-'}${how === '' ? '' : `  ${how}`}`
}

/** The reason, and each blob that could not be had where the reason does not name it already. */
export function failureLines({ reference, error, failures = [] }: ImageReport): string[] {
  const message = sanitize(error?.message ?? 'no reason is known', 500)
  const blobs = failures.filter(({ digest }) => !message.includes(digest))
  return [
    failureOf(reference, message),
    ...blobs.slice(0, 5).map(({ digest, message: why }) => `  ${sanitize(digest)}: ${sanitize(why)}`),
    ...(blobs.length > 5 ? [`  and ${blobs.length - 5} more`] : []),
  ]
}

function sayFailure(context: Context, image: ImageReport): void {
  for (const line of failureLines(image)) note(context, line)
}
