import { randomUUID } from 'node:crypto'
import { isCanceled, sanitize } from '@dist/errdefs'
import { deliverPatiently, type ImageReport, Notices, type Notifier, type Outgoing } from '@dist/runs'
import { type MirrorFile, notifyRulesOf } from '@dist/sync'
import type { Context } from '../context.js'
import { describeError } from '../errors/errors.js'
import { note } from '../output/print.js'

/** Tells targets of the entries of a mirror file. */
export interface Telling extends AsyncDisposable {
  add(report: ImageReport): void
  /** Delivers what is due, with retries. A delivery that fails is noted, and does not fail the run. */
  end(): Promise<void>
}

/** Opens the targets of a file; undefined if no target is to be told. Throws `INVALID_ARGUMENT` for an unknown one. */
export async function openTelling(
  context: Context,
  { entries, notifyTargets }: MirrorFile,
): Promise<Telling | undefined> {
  const rules = notifyRulesOf(entries)
  if (rules.length === 0) return undefined
  const { openNotifier } = await import('@dist/wiring/notifier')
  const opened = await openNotifier(notifyTargets, context.env)
  const { notifier } = opened
  for (const rule of rules) notifier.check(rule)
  const notices = new Notices(rules)
  return {
    add: (report) => notices.add(report),
    end: async () => {
      const outgoing = notices.outgoing(new Date())
      await Promise.all(outgoing.map((each) => deliver(context, notifier, each)))
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

async function deliver(
  context: Context,
  notifier: Notifier,
  { entry, target, body }: Outgoing,
): Promise<void> {
  const subject = `${sanitize(entry, 200)}: notify ${target}`
  try {
    await deliverPatiently(notifier, { id: randomUUID(), target, body }, context.signal)
  } catch (error) {
    if (!isCanceled(error)) note(context, `${subject}: not delivered: ${describeError(error)}`)
  }
}
