import { createHash } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import type { RunRequest, SubmitOnce } from '@dist/runs'
import * as z from 'zod'
import { newRunId } from '../jobs/ids.js'
import { runGrammar } from '../redis/keys.js'
import type { Client } from './client.js'
import { submitRun } from './submit.js'

/** Seconds for which a submission may be repeated. */
const rememberedSeconds = 24 * 3_600

const submission = z.object({ run: z.string().regex(runGrammar), fingerprint: z.string() })

/**
 * Submits a run, or finds the run of the same submission. The id of the run is recorded first: after a crash the repeated
 * submission writes the same run.
 */
export async function submitOnce(
  client: Client,
  request: RunRequest,
  { key, fingerprint }: SubmitOnce,
): Promise<string> {
  const { redis, keys, ask } = client
  const name = keys.submission(createHash('sha256').update(key).digest('hex'))
  const own = JSON.stringify({ run: newRunId(), fingerprint })
  const isFirst = (await ask(redis.set(name, own, 'EX', rememberedSeconds, 'NX'))) === 'OK'
  const before = isFirst ? null : await ask(redis.get(name))
  const found = submission.parse(JSON.parse(before ?? own))
  if (found.fingerprint !== fingerprint)
    throw new DistError(
      'ALREADY_EXISTS',
      'another run was submitted with this key: use a new key for each run',
    )
  if (before !== null && (await ask(redis.exists(keys.run(found.run)))) === 1) return found.run
  return await submitRun(client, request, found.run)
}
