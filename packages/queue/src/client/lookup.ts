import { DistError, sanitize } from '@dist/errdefs'
import { runGrammar } from '../redis/keys.js'
import type { RunHead } from '../state/head.js'
import type { Client } from './client.js'

/** The shortest prefix of a run id that is resolved. */
const shortestPrefix = 4
/** Candidates that a message names. */
const namedCandidates = 5
/** Members of the sorted set of runs that Redis compares in one call. */
const scannedAtOnce = 1_000

/** The head of the run with this id. `NOT_FOUND`. */
export async function headOf({ ask, states }: Client, run: string): Promise<RunHead> {
  const head = runGrammar.test(run) ? await ask(states.head(run)) : undefined
  if (head === undefined) throw unknownRun(run)
  return head
}

/** Throws `NOT_FOUND` for an image that the run does not have. */
export function checkIndex(run: string, index: number, { total }: RunHead): void {
  if (index >= total) throw new DistError('NOT_FOUND', `run ${run}: it has no image ${index}`)
}

/** The id of the only run whose id begins with `prefix`. See `Runs.resolve`. */
export async function resolveRun(client: Client, prefix: string): Promise<string> {
  if (prefix.length < shortestPrefix)
    throw new DistError(
      'INVALID_ARGUMENT',
      `run ${sanitize(prefix, 30)}: its prefix is too short: give at least ${shortestPrefix} characters`,
    )
  if (!/^[a-z0-9]{4,24}$/.test(prefix)) throw unknownRun(prefix)
  const found = await idsWithPrefix(client, prefix)
  const [only] = found
  if (only === undefined) throw unknownRun(prefix)
  if (found.length === 1 || found.includes(prefix)) return found.includes(prefix) ? prefix : only
  const more = found.length > namedCandidates ? ` and ${found.length - namedCandidates} more` : ''
  throw new DistError(
    'INVALID_ARGUMENT',
    `run ${prefix}: several runs begin with it: ${found.slice(0, namedCandidates).join(', ')}${more}; give more characters`,
  )
}

/** Sorted, which is by time. Redis compares; only matches are sent. */
async function idsWithPrefix({ ask, redis, keys }: Client, prefix: string): Promise<string[]> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const [next, flat] = await ask(
      redis.zscan(keys.runs, cursor, 'MATCH', `${prefix}*`, 'COUNT', scannedAtOnce),
    )
    cursor = next
    for (let i = 0; i < flat.length; i += 2) found.add(flat[i] ?? '')
  } while (cursor !== '0')
  return [...found].sort()
}

function unknownRun(run: string): DistError {
  return new DistError('NOT_FOUND', `run ${sanitize(run, 30)}: this queue has no such run`)
}
