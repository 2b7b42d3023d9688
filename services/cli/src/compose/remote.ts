import { openRemote, requestSettings } from '@dist/composition'
import type { Registry, RetryPolicy } from '@dist/remotes-registry'
import type { Context } from '../context.js'
import type { RemoteOptions } from '../options.js'
import { note } from '../output.js'
import { version } from '../version.js'
import { requestLog } from './log.js'

/** Somebody waits in front of the screen: a registry that is not there is said after a second, not after five. */
export const hasty = { attempts: 4, firstDelay: 150 }

/** The client for registries, set up from options and environment. Whoever opens it disposes of it. */
export function openRegistry(
  options: RemoteOptions & { chunkSize?: number },
  context: Context,
  retry: Partial<RetryPolicy> = {},
): Registry {
  const { chunkSize, insecureSkipTlsVerify = [] } = options
  const chunks = chunkSize === undefined ? {} : { chunkSize }
  const registry = openRemote(options, context.env, { ...requestsOf(options, context), retry, ...chunks })
  for (const host of new Set(insecureSkipTlsVerify))
    note(
      context,
      `the certificate of ${host} is not verified: whoever is on the way can read and change what is sent`,
    )
  return registry
}

/** How the command makes requests; `-v` logs each. */
export function requestsOf(options: RemoteOptions, context: Context) {
  const log = options.verbose ? requestLog(context) : undefined
  return requestSettings(`dist/${version}`, context.env, log)
}
