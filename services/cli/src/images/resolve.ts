import { formatReference, parseReference } from '@dist/reference'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openRegistry } from '../open/registry.js'
import { retryAfterPauses } from '../open/waits.js'
import { type RemoteOptions, withOutput, withRemote } from '../options.js'
import { print, printJson } from '../output/print.js'

const examples = `
Prints one line: the name, and media type, digest and size of the manifest that the reference has at its registry now. Nothing
is stored. Usually a single HEAD request is sent.

Examples:
  $ dist resolve alpine:3.20
  $ dist resolve --json localhost:5000/app:1.2 | jq -r .digest`

export const resolveCommand: Define = (context, onExit) =>
  withRemote(withOutput(new Command('resolve')))
    .argument('<ref>', '[host/]repository[:tag][@digest]')
    .addHelpText('after', examples)
    .action(async (reference: string, options) => onExit(await resolve(context, reference, options)))

/** `dist resolve`: prints name, media type, digest and size of the manifest of a reference. */
export async function resolve(context: Context, text: string, options: RemoteOptions): Promise<number> {
  const reference = parseReference(text)
  await using remote = await openRegistry(options, context)
  const { signal } = context
  const resolved = await retryAfterPauses(context, remote.limiter, () =>
    remote.resolve(reference, { signal }),
  )
  const name = formatReference(resolved.name)
  const { mediaType, digest, size } = resolved.desc
  if (options.json) printJson(context, { name, mediaType, digest, size })
  else print(context, `${name} ${mediaType} ${digest} ${size}`)
  return exitCodes.done
}
