import { DistError } from '@dist/errdefs'
import { type VerifyEvent, verifyContent } from '@dist/mirror'
import type { RunRequest } from '@dist/runs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { findImages } from '../input/images.js'
import { openQueue, persistentQueue, queueUrl } from '../open/queue.js'
import { openStore } from '../open/store.js'
import { type QueueOptions, type StoreOptions, withQueue, withStore } from '../options.js'
import { plural } from '../output/format.js'
import { openVerifyView } from '../progress/verify.js'
import { openReport } from '../report/report.js'
import { checkDetaching, givenStoreId, type SubmitParts, submitRun } from '../runs/submit.js'
import { reportVerification } from './verify-report.js'

const examples = `
Reads content and compares it with its digest. Without a reference, verifies all content of the store, and lists missing
content. Prints a line for each bad object, with all images that need it, and a summary.

To repair damaged content, delete it (dist delete --force) and pull its images again. To repair missing content, pull its
images again.

With a queue its workers verify their store: the content that its images need, each digest once. Ctrl-C detaches. Exit code
5: some content did not verify.

Examples:
  $ dist verify
  $ dist verify alpine:3.20
  $ dist verify --queue redis://10.0.0.5:6379 --report bad.jsonl
  $ dist verify --json | jq -r 'select(.state == "damaged") | .digest' | xargs -r dist delete --force`

export const verifyCommand: Define = (context, onExit) =>
  withQueue(withStore(new Command('verify')))
    .argument('[ref...]', 'verify only these images, as dist images shows them')
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'with a queue: write the result of each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await verify(context, references, options)))

export interface VerifyOptions extends StoreOptions, QueueOptions {
  detach?: boolean | undefined
  report?: string | undefined
}

/** `dist verify`: verifies stored content, in this process or with services. */
export async function verify(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const url = await queueUrl(options, context.env)
  checkDetaching(options, url)
  if (url === undefined) return verifyHere(context, texts, options)
  await using report = await openReport(context, options)
  await using queue = await openQueue(url, context, options.detach ? {} : persistentQueue(context))
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
  return reportVerification(context, outcome, options)
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
  }
  const what = references.length === 0 ? 'all images of the store' : plural(references.length, 'image')
  return submitRun(context, request, `a verification of ${what}`, options, parts)
}
