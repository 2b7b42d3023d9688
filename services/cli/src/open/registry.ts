import type { Registry, RequestEvent } from '@dist/registry-client'
import type { HostLimiter, HostPolicies } from '@dist/remotes'
import type { Registries } from '@dist/settings'
import type { RequestSettings } from '@dist/wiring'
import type { Context } from '../context.js'
import { defaultConcurrency, type HostOptions, type RemoteOptions } from '../options.js'
import { note } from '../output/print.js'
import { version } from '../version.js'
import { HostWaits } from './waits.js'

/** Options of requests; those of hosts belong to commands that transfer many blobs. */
type RequestOptions = RemoteOptions & HostOptions

/** What the client needs beside the options of the command line. */
type RegistryOptions = RequestOptions &
  Pick<RequestSettings, 'chunkSize' | 'credentials'> & {
    /** The settings of registries in a mirror file, with absolute paths. */
    registries?: Registries | undefined
    /** Default: one of its own. */
    limiter?: HostLimiter | undefined
  }

/** Opens the client for registries, set up from options and environment. The caller disposes of it. */
export async function openRegistry(
  options: RegistryOptions,
  context: Context,
  /** Receives a line for each host that is waited for. Default: prints it to stderr. */
  onWait: (line: string) => void = (line) => note(context, line),
): Promise<Registry> {
  const { chunkSize, credentials, insecureSkipTlsVerify = [] } = options
  const waits = new HostWaits(onWait)
  const { openRemote } = await import('@dist/wiring')
  const requests = await requestSettings(options, context)
  const asked = { ...requests, onAsk: (host: string) => waits.begin(host), chunkSize, credentials }
  const registry = await openRemote(options, context.env, asked, options.limiter)
  for (const host of new Set(insecureSkipTlsVerify))
    note(
      context,
      `the certificate of ${host} is not verified: an attacker on the network can read and change what is sent`,
    )
  noteBounds(context, options, requests.requestsPerHost)
  return registry
}

/** Notes a limit that has no effect because of the other one. */
function noteBounds(
  context: Context,
  { concurrency, requestsPerHost }: RequestOptions,
  requests: number,
): void {
  if (concurrency !== undefined && concurrency > requests)
    note(
      context,
      `--concurrency ${concurrency}: only ${requests} requests go to a host at the same time; --requests-per-host ${concurrency} allows as many transfers`,
    )
  else if (concurrency === undefined && requestsPerHost !== undefined && requests > defaultConcurrency)
    note(
      context,
      `--requests-per-host ${requests}: only ${defaultConcurrency} blobs of a host are transferred at the same time; --concurrency ${requests} allows as many as requests`,
    )
}

/** Prints waits where no bars are drawn: bars show which images wait. */
export function noteWithoutBars(context: Context, { verbose }: RemoteOptions): (line: string) => void {
  return (line) => {
    if (!context.stderr.isTTY || verbose) note(context, line)
  }
}

/** How the command makes requests; `-v` logs each of them. */
export async function requestSettings(
  options: RequestOptions,
  context: Context,
): Promise<RequestSettings & { requestsPerHost: number }> {
  const wiring = await import('@dist/wiring')
  const log = options.verbose ? requestLog(context) : undefined
  const settings = wiring.requestSettings(`dist/${version}`, context.env, log)
  const { readLargeBody } = await import('@dist/settings/command')
  return {
    ...settings,
    requestsPerHost: await requestsPerHost(options, context),
    largeBody: await readLargeBody(context.env),
  }
}

async function requestsPerHost(options: HostOptions, { env }: Context): Promise<number> {
  const { readRequestsPerHost } = await import('@dist/settings/command')
  return await readRequestsPerHost(options, env)
}

/** Writes a line to stderr for each request. URLs are redacted already. */
function requestLog({ stderr }: Context): (event: RequestEvent) => void {
  return ({ method, url, status, duration, received }) => {
    const outcome = status ?? 'no answer'
    stderr.write(`${method} ${url} ${outcome} ${Math.round(duration)}ms ${received}B\n`)
  }
}

/** How hosts are treated when many images are mirrored. */
export async function bulkPolicy(
  options: HostOptions & Pick<RegistryOptions, 'registries'>,
  context: Context,
): Promise<HostPolicies> {
  const { hostPolicies } = await import('@dist/wiring')
  const { hostPatience: patience, registries } = options
  return hostPolicies({ requests: await requestsPerHost(options, context), patience }, registries)
}

/** The same for a command that a user waits for: a registry that has never answered is an error after one second. */
export async function interactivePolicy(options: HostOptions, context: Context): Promise<HostPolicies> {
  return { ...(await bulkPolicy(options, context)), firstPatience: 1_000 }
}
