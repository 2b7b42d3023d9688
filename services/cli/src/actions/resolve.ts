import { formatReference, parseReference } from '@dist/reference'
import { openRegistry } from '../compose/remote.js'
import { waitingOut } from '../compose/waits.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import type { RemoteOptions } from '../options.js'
import { print, printJson } from '../output.js'

/** `dist resolve`: name, media type, digest and size of what a reference means. */
export async function resolve(context: Context, text: string, options: RemoteOptions): Promise<number> {
  const reference = parseReference(text)
  await using remote = openRegistry(options, context)
  const { signal } = context
  const resolved = await waitingOut(context, remote.limiter, () => remote.resolve(reference, { signal }))
  const name = formatReference(resolved.name)
  const { mediaType, digest, size } = resolved.desc
  if (options.json) printJson(context, { name, mediaType, digest, size })
  else print(context, `${name} ${mediaType} ${digest} ${size}`)
  return exitCodes.done
}
