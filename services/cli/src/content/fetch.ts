import { DistError } from '@dist/errdefs'
import { Digester } from '@dist/oci'
import { type Locator, parseLocator } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { ObjectFetcher } from '@dist/remotes'
import { Command, Option } from 'commander'
import { type Context, type Define, variable } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openRegistry } from '../open/registry.js'
import { retryAfterPauses } from '../open/waits.js'
import { duration, type RemoteOptions, withOutput, withRemote } from '../options.js'
import { writeBytes } from '../output/print.js'
import { startDeadline } from './deadline.js'
import { type FetchSettings, fetchLines, parseRequest, type Request, sayFetched } from './fetch-lines.js'

const examples = `
The bytes are printed as the registry sends them. An object that is requested by digest is verified: exit code 5, after the
bytes, if it does not match. Hints select the endpoint to try first: mediatype:<media type>, type:manifest, type:blob.
The default of --timeout is DIST_FETCH_TIMEOUT, then CONTAINERD_FETCH_TIMEOUT.

With --stdin, each line of stdin is an object with its hints. The answer is a line "<digest> <media type> <size>", the
bytes and a newline; or a line "<object> missing". The timeout is for each object. A body that does not verify ends the
stream with exit code 5. --json prints media type, digest and size of each object on stderr.

Examples:
  $ dist fetch docker.io/library/alpine 3.20 | jq .
  $ dist fetch --timeout 30s localhost:5000/app sha256:9f86d0... type:blob > layer.tar.gz
  $ dist fetch localhost:5000/app 1.2 | jq -r '.layers[] | "\\(.digest) mediatype:\\(.mediaType)"' \\
      | dist fetch --stdin localhost:5000/app`

export const fetchCommand: Define = (context, onExit) =>
  withRemote(withOutput(new Command('fetch')))
    .argument('<remote>', 'a repository with its host: docker.io/library/alpine')
    .argument('[object]', 'a tag or a digest')
    .argument('[hint...]', 'the kind of the object: mediatype:<media type>, type:manifest, type:blob')
    .addOption(
      new Option('--timeout <duration>', 'fail after this time, such as 30s or 1m30s').argParser(duration),
    )
    .option('--stdin', 'read objects from stdin, one in each line')
    .addHelpText('after', examples)
    .action(async (remote: string, object: string | undefined, hints: string[], options) =>
      onExit(await fetch(context, { remote, object, hints }, options)),
    )

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

/** `dist fetch`: writes the bytes of an object to stdout, or of many objects with `--stdin`. */
export async function fetch(context: Context, args: FetchArguments, options: FetchOptions): Promise<number> {
  const locator = parseLocator(args.remote)
  const limit = options.timeout ?? timeoutOf(context.env)
  const request = requestOf(args, options)
  await using remote = await openRegistry(options, context)
  const fetcher = waitingFetcher(context, remote, locator)
  if (request === undefined)
    await fetchLines(context, fetcher, { locator, limit, json: options.json === true })
  else await fetchOne(context, fetcher, request, { locator, limit, json: options.json === true })
  return exitCodes.done
}

/** Fetches from a repository. Waits for a limited time if the host asks for a pause. */
function waitingFetcher(context: Context, remote: Registry, locator: Locator): ObjectFetcher {
  const fetcher = remote.fetcher(locator)
  return {
    fetchObject: (object, hints, options = {}) => {
      const call = () => fetcher.fetchObject(object, hints, options)
      return retryAfterPauses(context, remote.limiter, call, options.signal)
    },
  }
}

function requestOf({ object, hints }: FetchArguments, { stdin }: FetchOptions): Request | undefined {
  if (stdin && object !== undefined)
    throw new DistError('INVALID_ARGUMENT', '--stdin excludes an <object>: objects are read from stdin')
  if (stdin) return undefined
  if (object === undefined)
    throw new DistError('INVALID_ARGUMENT', 'no object: give a tag or a digest, or --stdin')
  return parseRequest(object, hints)
}

/** `DIST_FETCH_TIMEOUT`, else the variable of containerd's tool. */
function timeoutOf(env: NodeJS.ProcessEnv): number | undefined {
  const name = ['DIST_FETCH_TIMEOUT', 'CONTAINERD_FETCH_TIMEOUT'].find(
    (key) => variable(env, key) !== undefined,
  )
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
