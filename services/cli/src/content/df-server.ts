import type { Dashboard } from '@dist/api'
import { DistError, sleep } from '@dist/errdefs'
import type { ImageUsage } from '@dist/mirror'
import type { StoreUsage } from '@dist/runs'
import type { ServerAddress } from '@dist/settings/command'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openDashboard } from '../open/queue.js'
import { note } from '../output/print.js'
import { DelayedLine } from '../progress/line.js'
import type { DfOptions } from './df.js'
import { measuringLine, reportEntries, reportUsage } from './df-report.js'

type Questions = Dashboard['questions']

/** Milliseconds between two looks, and after which a measurement that has not begun, or goes on no more, has failed. */
const lookMs = 300
const silentMs = 30_000
/** Images of one request. */
const pageSize = 500

/** `dist df` of the store of services: a coordinator measures it. */
export async function dfByServer(
  context: Context,
  address: ServerAddress,
  options: DfOptions,
): Promise<number> {
  await using dashboard = await openDashboard(address, context)
  const usage = await measured(dashboard.questions, context)
  if (options.entries) reportEntries(context, usage.entries, options)
  else reportUsage(context, usage, options.images ? await imagesOf(dashboard.questions) : undefined, options)
  if (!usage.isComplete)
    note(context, 'what some images need is not known completely, since manifests cannot be read')
  return exitCodes.done
}

/** Has the store measured. Resolves to what was measured since. */
async function measured(questions: Questions, context: Context): Promise<StoreUsage> {
  const before = (await questions.store()).usage?.measuredAt.getTime()
  await questions.measure()
  const line = new DelayedLine(context, 500, () => performance.now())
  try {
    for (let heard = performance.now(); performance.now() - heard < silentMs; ) {
      const { usage, measuring } = await questions.store()
      if (usage !== undefined && usage.measuredAt.getTime() !== before) return usage
      if (measuring !== undefined) {
        heard = performance.now()
        line.draw(() => measuringLine(measuring))
      }
      await sleep(lookMs, context.signal)
    }
  } finally {
    line.end()
  }
  throw new DistError('UNAVAILABLE', 'no coordinator measures the store: its log tells more')
}

async function imagesOf(questions: Questions): Promise<ImageUsage[]> {
  const found: ImageUsage[] = []
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await questions.storedImages({ order: 'own', from, limit: pageSize })
    for (const { name, sizes } of page.images) if (sizes !== undefined) found.push({ name, ...sizes })
    from = page.next
  }
  return found
}
