import type { Registry } from '@dist/registry-client'
import { openRemote, requestSettings } from '@dist/wiring'
import type { Context } from '../context.js'
import type { RemoteOptions } from '../options.js'
import { note } from '../output.js'
import { version } from '../version.js'
import { requestLog } from './log.js'
import { HostWaits } from './waits.js'

/** The client for registries, set up from options and environment. Whoever opens it disposes of it. */
export function openRegistry(
  options: RemoteOptions & { chunkSize?: number | undefined },
  context: Context,
  /** Told which hosts are waited for. Default: on stderr. */
  say: (line: string) => void = (line) => note(context, line),
): Registry {
  const { chunkSize, insecureSkipTlsVerify = [] } = options
  const chunks = { chunkSize }
  const waits = new HostWaits(say)
  const registry = openRemote(options, context.env, {
    ...requestsOf(options, context),
    onAsk: (host) => waits.begin(host),
    ...chunks,
  })
  for (const host of new Set(insecureSkipTlsVerify))
    note(
      context,
      `the certificate of ${host} is not verified: whoever is on the way can read and change what is sent`,
    )
  return registry
}

/** Says what is waited for where no bars are drawn: these show which images wait. */
export function sayingBesideBars(context: Context, { verbose }: RemoteOptions): (line: string) => void {
  return (line) => {
    if (!context.stderr.isTTY || verbose) note(context, line)
  }
}

/** How the command makes requests; `-v` logs each. */
export function requestsOf(options: RemoteOptions, context: Context) {
  const log = options.verbose ? requestLog(context) : undefined
  return requestSettings(`dist/${version}`, context.env, log)
}
