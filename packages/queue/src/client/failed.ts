import type { Client } from './client.js'

type Reader = Pick<Client, 'redis' | 'keys' | 'ask'>

/** A failed image, and the id of its cause. */
export interface FailedPlace {
  readonly index: number
  readonly cause: string
}

/** Failed images that are read together. */
const readTogether = 5_000

/** The failed images of a run, in order. */
export async function* failedImages(client: Reader, run: string): AsyncIterable<FailedPlace> {
  for (let from = 0; ; ) {
    const found = await readFailed(client, run, from, readTogether)
    yield* found
    const last = found.at(-1)
    if (last === undefined || found.length < readTogether) return
    from = last.index + 1
  }
}

/** The first failed images from an index on. */
export async function readFailed(
  { redis, keys, ask }: Reader,
  run: string,
  from: number,
  length: number,
): Promise<FailedPlace[]> {
  const members = await ask(redis.zrange(keys.failed(run), from, '+inf', 'BYSCORE', 'LIMIT', 0, length))
  return members.map((member) => {
    const [index = '', cause = ''] = member.split(':')
    return { index: Number(index), cause }
  })
}
