import { parseReference } from '@dist/reference'
import { hasty, openRegistry } from '../../compose/remote.js'
import type { Context } from '../../context.js'
import { requestedPlatforms } from '../mirror/platforms.js'
import { narrowedTo } from './narrow.js'
import { reportSent } from './report.js'
import { type SendOptions, sendImage } from './send.js'

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
  await using remote = openRegistry(options, context, hasty)
  const parts = { reference, destination, remote, moving: 'copying', ...narrowedTo(asked, remote) }
  const outcome = await sendImage(context, parts, options)
  return reportSent(context, outcome, { destination, verb: 'copied', json: options.json })
}
