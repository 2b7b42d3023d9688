import type { Registry, RequestEvent } from '@dist/registry-client'
import type { HostPolicy } from '@dist/remotes'
import type { RequestSettings } from '@dist/wiring'
import type { Context } from '../context.js'
import type { PatienceOptions, RemoteOptions } from '../options.js'
import { note } from '../output/print.js'
import { version } from '../version.js'
import { HostWaits } from './waits.js'

/** Opens the client for registries, set up from options and environment. The caller disposes of it. */
export async function openRegistry(
  options: RemoteOptions & Pick<RequestSettings, 'chunkSize' | 'credentials'>,
  context: Context,
  /** Receives a line for each host that is waited for. Default: prints it to stderr. */
  onWait: (line: string) => void = (line) => note(context, line),
): Promise<Registry> {
  const { chunkSize, credentials, insecureSkipTlsVerify = [] } = options
  const waits = new HostWaits(onWait)
  const { openRemote } = await import('@dist/wiring')
  const registry = openRemote(options, context.env, {
    ...(await requestSettings(options, context)),
    onAsk: (host) => waits.begin(host),
    chunkSize,
    credentials,
  })
  for (const host of new Set(insecureSkipTlsVerify))
    note(
      context,
      `the certificate of ${host} is not verified: an attacker on the network can read and change what is sent`,
    )
  return registry
}

/** Prints waits where no bars are drawn: bars show which images wait. */
export function noteWithoutBars(context: Context, { verbose }: RemoteOptions): (line: string) => void {
  return (line) => {
    if (!context.stderr.isTTY || verbose) note(context, line)
  }
}

/** How the command makes requests; `-v` logs each of them. */
export async function requestSettings(options: RemoteOptions, context: Context): Promise<RequestSettings> {
  const wiring = await import('@dist/wiring')
  return wiring.requestSettings(
    `dist/${version}`,
    context.env,
    options.verbose ? requestLog(context) : undefined,
  )
}

/** Writes a line to stderr for each request. URLs are redacted already. */
function requestLog({ stderr }: Context): (event: RequestEvent) => void {
  return ({ method, url, status, duration, received }) => {
    const outcome = status ?? 'no answer'
    stderr.write(`${method} ${url} ${outcome} ${Math.round(duration)}ms ${received}B\n`)
  }
}

/** How long hosts are waited for when many images are mirrored. */
export function bulkPolicy({ hostPatience }: PatienceOptions): Partial<HostPolicy> {
  return hostPatience === undefined ? {} : { patience: hostPatience }
}

/** The same for a command that a user waits for: a registry that has never answered is an error after one second. */
export function interactivePolicy(options: PatienceOptions): Partial<HostPolicy> {
  return { ...bulkPolicy(options), firstPatience: 1_000 }
}
