import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, type LimitedAnswer, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import type { Redis } from 'ioredis'
import { Cluster } from '../distributed/cluster.js'
import { medianOf } from '../measure.js'

export interface LimitedRun {
  readonly name: string
  readonly workers: number
  /** Requests in flight that the services may have. */
  readonly requests: number
  /** Seconds. */
  readonly warmUp: number
  readonly measured: number
  readonly store: string
  /** What the registry answers in a second at most, `seconds` after the first request. */
  rateAt(seconds: number): number
  /** How the registry limits. `elapsed` tells the seconds since the first request. */
  fault(elapsed: () => number, answers: LimitedAnswer[]): Fault
}

export interface Limited {
  readonly name: string
  readonly workers: number
  /** Requests that the limit allows in the measured time. */
  readonly allowed: number
  readonly answered: number
  readonly refused: number
  /** Median time to an answer in milliseconds. */
  readonly took: number
  /** Scripts that Redis ran in that time, for everything that the services do. */
  readonly scripts: number
}

/** Requests of one image: its manifest, its configuration, its layer. */
const perImage = 3

/** Mirrors images until the time is over, and counts the answers of the registry. */
export async function runLimited(run: LimitedRun): Promise<Limited> {
  const { workers, warmUp, measured, requests, rateAt } = run
  await using registry = await startRegistry()
  const seconds = Array.from({ length: warmUp + measured }, (_, second) => rateAt(second))
  const images = Math.ceil((1.3 * sum(seconds) + 50) / perImage)
  const references = Array.from({ length: images }, (_, i) => {
    registry.content.putImage('a', `${i}`, ociImage({ layers: [seededLayer(`${run.name} ${i}`, 200)] }))
    return `${registry.host}/a:${i}`
  })
  const answers: LimitedAnswer[] = []
  let startedAt = Number.NaN
  const elapsed = () => (performance.now() - startedAt) / 1000
  registry.script({ path: '/v2/a/' }, run.fault(elapsed, answers))
  const args = ['--requests-per-host', String(requests), '--concurrency', String(Math.max(16, requests))]
  await using cluster = await Cluster.start({ store: run.store, workers, args })
  startedAt = performance.now()
  await cluster.runs.submit({ references, platforms: 'all' })
  await delay(warmUp * 1000)
  const scriptsBefore = await scriptsOf(cluster.redis)
  const from = performance.now()
  await delay(measured * 1000)
  const scripts = (await scriptsOf(cluster.redis)) - scriptsBefore
  const seen = answers.filter(({ at }) => at >= from && at < from + measured * 1000)
  const served = seen.filter(({ isRefused }) => !isRefused)
  const allowed = sum(seconds.slice(warmUp))
  const took = medianOf(served.map((answer) => answer.took))
  const refused = seen.length - served.length
  return { name: run.name, workers, allowed, answered: served.length, refused, took, scripts }
}

async function scriptsOf(redis: Redis): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
