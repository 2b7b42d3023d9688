import { DistError } from '@dist/errdefs'
import { type VerifyEvent, verifyContent } from '@dist/mirror'
import { queueUrl } from '@dist/settings'
import { openQueue, openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import type { QueueOptions, StoreOptions } from '../options.js'
import { openVerifyView } from '../progress/verify/view.js'
import { openReport } from './mirror/report.js'
import { findImages } from './names.js'
import { followed } from './runs/follow.js'
import { checkDetaching } from './runs/submit.js'
import { verifyDistributed } from './verify-distributed.js'
import { reportVerification } from './verify-report.js'

export interface VerifyOptions extends StoreOptions, QueueOptions {
  detach?: boolean | undefined
  report?: string | undefined
}

/** `dist verify`: hashes stored content again, all of it or what some images need; here, or by services. */
export async function verify(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const url = queueUrl(options, context.env)
  checkDetaching(options, url)
  if (url === undefined) return verifyHere(context, texts, options)
  await using report = await openReport(context, options)
  await using queue = await openQueue(url, context.env, options.detach ? {} : followed(context))
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
    throw new DistError(
      'INVALID_ARGUMENT',
      '--report is of a run: it needs a queue; without one there is --json',
    )
  const { signal } = context
  await using store = await openStore(options, context.env)
  const images = texts.length === 0 ? undefined : await findImages(texts, store.names)
  const asked = { images }
  const outcome = await watched(context, (onEvent) => verifyContent(store, { ...asked, signal, onEvent }))
  return reportVerification(context, outcome, options)
}

/** Shows how far it is while it goes on. */
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
