import { setTimeout as delay } from 'node:timers/promises'
import { type LimitedAnswer, startRegistry, tokenBucket } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import type { Redis } from 'ioredis'
import { Cluster } from '../distributed/cluster.js'

export interface LimitedRun {
  readonly name: string
  readonly workers: number
  readonly burst: number
  /** Milliseconds of each answer. */
  readonly latency: number
  /** Requests in flight that the services may have. */
  readonly requests: number
  /** Seconds. */
  readonly warmUp: number
  readonly measured: number
  readonly store: string
  rateAt(seconds: number): number
}

export interface Limited {
  readonly name: string
  readonly workers: number
  /** Requests that the limit allows in the measured time. */
  readonly allowed: number
  readonly answered: number
  readonly refused: number
  /** Scripts that Redis ran in that time, for everything that the services do. */
  readonly scripts: number
}

/** Requests of one image: its manifest, its configuration, its layer. */
const perImage = 3

/** Mirrors images until the time is over, and counts the answers of the registry. */
export async function runLimited(run: LimitedRun): Promise<Limited> {
  const { workers, warmUp, measured, requests, rateAt, burst, latency } = run
  await using registry = await startRegistry()
  const seconds = Array.from({ length: warmUp + measured }, (_, second) => rateAt(second))
  const images = Math.ceil((1.3 * sum(seconds) + burst) / perImage)
  const references = Array.from({ length: images }, (_, i) => {
    registry.content.putImage('a', `${i}`, ociImage({ layers: [seededLayer(`${run.name} ${i}`, 200)] }))
    return `${registry.host}/a:${i}`
  })
  const answers: LimitedAnswer[] = []
  let startedAt = Number.NaN
  const perSecond = () => rateAt((performance.now() - startedAt) / 1000)
  registry.script({ path: '/v2/a/' }, tokenBucket({ perSecond, burst, latency }, answers))
  const args = ['--requests-per-host', String(requests)]
  await using cluster = await Cluster.start({ store: run.store, workers, args })
  startedAt = performance.now()
  await cluster.runs.submit({ references, platforms: 'all' })
  await delay(warmUp * 1000)
  const scriptsBefore = await scriptsOf(cluster.redis)
  const from = performance.now()
  await delay(measured * 1000)
  const scripts = (await scriptsOf(cluster.redis)) - scriptsBefore
  const seen = answers.filter(({ at }) => at >= from && at < from + measured * 1000)
  const refused = seen.filter(({ isRefused }) => isRefused).length
  const allowed = sum(seconds.slice(warmUp))
  return { name: run.name, workers, allowed, answered: seen.length - refused, refused, scripts }
}

async function scriptsOf(redis: Redis): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
