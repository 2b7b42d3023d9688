import type { Context } from '../context.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import type { QueueOptions } from '../options.js'
import { plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { forEachOf } from '../several.js'

/** `dist hosts resume`: ends pauses, and prints the hosts. Resolves to the exit code. */
export async function resumeHosts(
  context: Context,
  hosts: readonly string[],
  options: QueueOptions,
): Promise<number> {
  await using queue = await openQueue(await requiredQueue(options, context.env), context)
  const { json } = options
  return await forEachOf(context, hosts, { json, member: 'host' }, async (host) => {
    const resumed = await queue.resumeHost(host)
    if (json) printJson(context, { host, ...resumed })
    else print(context, shownName(host))
    const { wasPaused, asksForPulls } = resumed
    if (asksForPulls)
      note(context, `${shownName(host)} is asked now whether it allows more pulls; until it does, they wait`)
    else if (!wasPaused) note(context, `${shownName(host)} was not paused`)
    else if (resumed.jobs > 0) note(context, `${plural(resumed.jobs, 'job')} of ${shownName(host)} go on`)
  })
}
