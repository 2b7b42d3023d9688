import type { Flags } from '@dist/settings'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { note } from '../output/print.js'

/** `dist serve --print-config`: the file of a client on stdout, and on stderr where it belongs. */
export async function printConfig(
  context: Context,
  client: string,
  flags: Flags<'registry'>,
): Promise<number> {
  const { configureClient } = await import('@dist/registry')
  const { content, notes } = await configureClient(client, flags, context.env)
  for (const line of notes) note(context, line)
  context.stdout.write(content)
  return exitCodes.done
}
