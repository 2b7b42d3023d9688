import { isCanceled } from '@dist/errdefs'
import { parseReference } from '@dist/reference'
import { openRegistry, sayingBesideBars } from '../../compose/remote.js'
import type { Context } from '../../context.js'
import { exitCodeOfAll } from '../../exit.js'
import { sayInterrupted } from '../../output.js'
import { requestedPlatforms } from '../mirror/platforms.js'
import { narrowedTo } from './narrow.js'
import { reportSent } from './report.js'
import { type SendOptions, sendImages } from './send.js'

/** `dist copy`: an image from one registry to another, verified on its way, without keeping anything. */
export async function copy(
  context: Context,
  from: string,
  to: string,
  options: SendOptions,
): Promise<number> {
  const reference = parseReference(from)
  const destination = parseReference(to)
  const asked = requestedPlatforms(options.platform)
  await using remote = openRegistry(options, context, sayingBesideBars(context, options))
  const { source, platforms } = narrowedTo(asked, remote)
  const images = [{ reference, destination, platforms }]
  const outcomes = await sendImages(context, { images, source, remote, moving: 'copying' }, options)
  for (const outcome of outcomes)
    reportSent(context, outcome, { destination, verb: 'copied', json: options.json })
  if (outcomes.some(({ error }) => isCanceled(error))) sayInterrupted(context)
  return exitCodeOfAll(outcomes, context.signal)
}
