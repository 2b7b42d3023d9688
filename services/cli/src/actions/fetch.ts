import { DistError } from '@dist/errdefs'
import { Digester } from '@dist/oci'
import { type Locator, parseLocator } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { ObjectFetcher } from '@dist/remotes'
import { nonEmpty } from '@dist/settings'
import { openRegistry } from '../compose/remote.js'
import { waitingOut } from '../compose/waits.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { duration, type RemoteOptions } from '../options.js'
import { writeBytes } from '../output.js'
import { startDeadline } from './deadline.js'
import { fetchLines } from './fetch-lines.js'
import { type FetchSettings, parseRequest, type Request, sayFetched } from './fetch-request.js'

export interface FetchArguments {
  remote: string
  object: string | undefined
  hints: readonly string[]
}

export interface FetchOptions extends RemoteOptions {
  /** Milliseconds. */
  timeout?: number | undefined
  stdin?: boolean | undefined
}

/** `dist fetch`: an object's bytes on stdout, or those of many with `--stdin`. */
export async function fetch(context: Context, args: FetchArguments, options: FetchOptions): Promise<number> {
  const locator = parseLocator(args.remote)
  const limit = options.timeout ?? timeoutOf(context.env)
  const request = requestOf(args, options)
  await using remote = openRegistry(options, context)
  const fetcher = waitingFetcher(context, remote, locator)
  if (request === undefined)
    await fetchLines(context, fetcher, { locator, limit, json: options.json === true })
  else await fetchOne(context, fetcher, request, { locator, limit, json: options.json === true })
  return exitCodes.done
}

/** Fetches from a repository, and waits a while where its host wants a pause. */
function waitingFetcher(context: Context, remote: Registry, locator: Locator): ObjectFetcher {
  const fetcher = remote.fetcher(locator)
  return {
    fetchObject: (object, hints, options = {}) => {
      const call = () => fetcher.fetchObject(object, hints, options)
      return waitingOut(context, remote.limiter, call, options.signal)
    },
  }
}

function requestOf({ object, hints }: FetchArguments, { stdin }: FetchOptions): Request | undefined {
  if (stdin && object !== undefined)
    throw new DistError('INVALID_ARGUMENT', 'with --stdin the objects come from stdin, not as arguments')
  if (stdin) return undefined
  if (object === undefined)
    throw new DistError('INVALID_ARGUMENT', 'which object? Give a tag or a digest, or --stdin')
  return parseRequest(object, hints)
}

/** The flag counts first, then our variable, then the one of containerd's tool. */
function timeoutOf(env: NodeJS.ProcessEnv): number | undefined {
  const name = ['DIST_FETCH_TIMEOUT', 'CONTAINERD_FETCH_TIMEOUT'].find((key) => nonEmpty(env[key]))
  if (name === undefined) return undefined
  try {
    return duration(env[name] ?? '')
  } catch (cause) {
    throw new DistError('INVALID_ARGUMENT', `${name}: ${(cause as Error).message}`, { cause })
  }
}

async function fetchOne(
  context: Context,
  fetcher: ObjectFetcher,
  { object, hints }: Request,
  { json, limit }: FetchSettings,
): Promise<void> {
  using deadline = startDeadline(context.signal, limit, `fetching ${object}`)
  const { signal } = deadline
  try {
    const fetched = await fetcher.fetchObject(object, hints, { signal })
    const digester = json && fetched.digest === undefined ? new Digester() : undefined
    let size = 0
    for await (const chunk of fetched.body) {
      digester?.update(chunk)
      size += chunk.byteLength
      await writeBytes({ ...context, signal }, chunk)
    }
    const digest = fetched.digest ?? digester?.digest()
    if (json) sayFetched(context, { object, mediaType: fetched.mediaType, digest, size })
  } catch (error) {
    throw deadline.blame(error)
  }
}
