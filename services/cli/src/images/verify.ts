import { type Code, DistError } from '@dist/errdefs'
import { type BadContent, type VerifyEvent, type VerifyOutcome, verifyContent } from '@dist/mirror'
import type { RunRequest, RunStatus, Runs } from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError, exitCodeOf, exitCodes, jsonError, traceDefect } from '../errors/errors.js'
import { findImages } from '../input/images.js'
import { openQueue, persistentQueue, queueAddress } from '../open/queue.js'
import { openStore } from '../open/store.js'
import {
  type HostOptions,
  type OutputOptions,
  type QueueOptions,
  type RemoteOptions,
  type StoreOptions,
  withQueue,
  withRemote,
  withStore,
  withTransfers,
} from '../options.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { openVerifyView } from '../progress/verify.js'
import { openReport } from '../report/report.js'
import {
  checkDetaching,
  givenStoreId,
  type Submission,
  type SubmitParts,
  submissionOf,
  submitRun,
} from '../runs/submit.js'

const examples = `
Reads content and compares it with its digest. Without a reference, verifies all content of the store, and lists missing
content. Prints a line for each bad object, with all images that need it, and a summary.

--repair sets bad content aside, fetches it again from the registries of its images, and publishes these images again as they were.
Meanwhile they are unpublished; an image whose content cannot be fetched stays unpublished, until --repair succeeds.

With a queue its workers verify their store: the content that its images need, each digest once. Ctrl-C detaches. Exit code
5: some content did not verify.

Examples:
  $ dist verify
  $ dist verify alpine:3.20
  $ dist verify --queue redis://10.0.0.5:6379 --report bad.jsonl
  $ dist verify --repair`

export const verifyCommand: Define = (context, onExit) =>
  withTransfers(withRemote(withQueue(withStore(new Command('verify')))))
    .argument('[ref...]', 'verify only these images, as dist images shows them')
    .option('--repair', 'fetch bad content again')
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'with a queue: write the result of each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await verify(context, references, options)))

export interface VerifyOptions extends StoreOptions, QueueOptions, RemoteOptions, HostOptions {
  repair?: boolean | undefined
  detach?: boolean | undefined
  report?: string | undefined
}

/** `dist verify`: verifies stored content, in this process or with services. */
export async function verify(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const address = await queueAddress(options, context.env)
  checkDetaching(options, address)
  if (address === undefined) return verifyHere(context, texts, options)
  await using report = await openReport(context, options)
  await using queue = await openQueue(address, context, options.detach ? {} : persistentQueue(context))
  return await verifyDistributed(context, texts, options, {
    runs: queue.runs,
    obstacles: queue.obstacles,
    report,
  })
}

async function verifyHere(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  if (options.report !== undefined)
    throw new DistError('INVALID_ARGUMENT', '--report needs a queue; without a queue use --json')
  const { signal } = context
  await using store = await openStore(options, context.env)
  const images = texts.length === 0 ? undefined : await findImages(texts, store.names)
  const asked = { images }
  const outcome = await watched(context, (onEvent) => verifyContent(store, { ...asked, signal, onEvent }))
  const code = reportVerification(context, outcome, options)
  if (!options.repair || outcome.stopped !== undefined || signal.aborted) return code
  return (await import('./repair.js')).repair(context, outcome.bad, store, options)
}

/** Runs the work and shows its progress. */
async function watched<T>(
  context: Context,
  work: (onEvent: (event: VerifyEvent) => void) => Promise<T>,
): Promise<T> {
  const view = openVerifyView(context)
  try {
    return await work(view.onEvent)
  } finally {
    view.end()
  }
}

/** Lets the services verify their store. Follows the run unless `--detach` is given. Resolves to the exit code. */
export async function verifyDistributed(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
  parts: SubmitParts,
): Promise<number> {
  const references = [...new Set(texts)]
  const store = await givenStoreId(options, context)
  const request: RunRequest = {
    kind: 'verify',
    references,
    platforms: 'all',
    store,
    repairs: options.repair,
  }
  const what = references.length === 0 ? 'all images of the store' : plural(references.length, 'image')
  const submission = submissionOf(parts.runs, request, `a verification of ${what}`)
  const next = (status: RunStatus) => repairOf(status, parts.runs)
  return submitRun(context, { ...submission, next }, options, parts)
}

/** The repair that a verification has begun. If the queue loses it, another one repairs the rest. */
function repairOf({ repair }: RunStatus, runs: Pick<Runs, 'submit'>): Submission | undefined {
  if (repair === undefined) return undefined
  const request: RunRequest = { kind: 'repair', references: [], platforms: 'all' }
  let begun: string | undefined = repair
  const submit = async () => {
    const run = begun ?? (await runs.submit(request))
    begun = undefined
    return { run }
  }
  return { submit, what: 'repairs the images that need bad content', again: 'it repairs the rest' }
}

/** Prints the result of a verification. Returns the exit code. */
export function reportVerification(
  context: Context,
  outcome: VerifyOutcome,
  { json, repair }: OutputOptions & Pick<VerifyOptions, 'repair'>,
): number {
  for (const content of outcome.bad) {
    if (json) printJson(context, jsonOf(content))
    else print(context, lineOf(content))
  }
  if (json) printJson(context, jsonSummary(outcome))
  else print(context, summaryLine(outcome))
  const { stopped } = outcome
  if (stopped !== undefined && !context.signal.aborted) {
    note(context, describeError(stopped))
    traceDefect(context, stopped)
  }
  if (!json && !repair) advise(context, outcome.bad)
  return exitCodeOfOutcome(outcome, context.signal)
}

function exitCodeOfOutcome({ bad, stopped }: VerifyOutcome, signal: AbortSignal): number {
  if (signal.aborted) return exitCodeOf(undefined, signal)
  if (bad.some((content) => !isMissing(content))) return exitCodes.notVerified
  if (stopped !== undefined) return exitCodeOf(stopped)
  return bad.length > 0 ? exitCodes.notFound : exitCodes.done
}

function lineOf(content: BadContent): string {
  const { digest, images } = content
  const needed = images === undefined ? [] : [neededBy(images)]
  return [digest, complaintOf(content), ...needed].join('  ')
}

function complaintOf({ found, size }: BadContent): string {
  if (found.state === 'missing') return 'missing'
  if (found.state === 'unreadable') return `unreadable: ${found.message}`
  if (size !== undefined && size !== found.size)
    return `damaged: ${found.size} bytes instead of ${size}, with digest ${found.digest}`
  return `damaged: its bytes have digest ${found.digest}`
}

function neededBy(images: readonly string[]): string {
  return images.length === 0 ? 'not needed by an image' : `needed by ${images.map(shownName).join(', ')}`
}

function summaryLine({ objects, bytes, bad, stopped }: VerifyOutcome): string {
  const early = stopped === undefined ? '' : '; stopped before everything was verified'
  return `${plural(objects, 'object')} (${formatBytes(bytes)}) verified, ${bad.length} bad${early}`
}

function jsonOf({ digest, found, size, images }: BadContent) {
  const { state } = found
  return {
    digest,
    state,
    size,
    ...(state === 'damaged' ? { found: { size: found.size, digest: found.digest } } : {}),
    ...(state === 'unreadable' ? { error: found.message } : {}),
    code: codeOfState(found),
    ...(images === undefined ? {} : { images }),
  }
}

function codeOfState(found: BadContent['found']): Code {
  if (found.state === 'unreadable') return found.code
  return found.state === 'missing' ? 'NOT_FOUND' : 'FAILED_PRECONDITION'
}

function jsonSummary({ objects, bytes, bad, stopped }: VerifyOutcome) {
  const why = stopped === undefined ? {} : jsonError(stopped)
  return { objects, bytes, bad: bad.length, complete: stopped === undefined, ...why }
}

function advise(context: Context, bad: readonly BadContent[]): void {
  const present = bad.filter((content) => !isMissing(content))
  if (present.length > 0)
    note(context, 'dist verify --repair fetches bad content again; a pull alone does not replace it')
  else if (bad.length > 0) note(context, 'dist pull <ref> fetches missing content')
}

const isMissing = ({ found }: BadContent) => found.state === 'missing'
