import { join } from 'node:path'
import type { BenchOptions, BenchReport } from '../bench.js'
import { table } from '../table.js'
import { type Limited, type LimitedRun, runLimited } from './run.js'

/** A registry, and how many requests per second it takes at a time after the first request, in seconds. */
interface Scenario {
  readonly name: string
  readonly workers: number
  readonly burst: number
  readonly latency: number
  readonly requests: number
  rateAt(seconds: number): number
}

const bucket = (perSecond: number, workers: number, latency: number): Scenario => ({
  name: `${perSecond}/s, ${latency} ms`,
  workers,
  burst: 50,
  latency,
  // Enough that the registry limits, and not the slots: 200 a second of 50 ms are 10 at a time.
  requests: perSecond > 100 ? 32 : 8,
  rateAt: () => perSecond,
})

const scenarios: readonly Scenario[] = [
  ...[1, 2, 4].map((workers) => bucket(50, workers, 0)),
  ...[1, 2, 4].map((workers) => bucket(200, workers, 50)),
  { ...bucket(100, 2, 0), name: '100/s, then 20/s', rateAt: (seconds) => (seconds < 25 ? 100 : 20) },
  { ...bucket(20, 2, 0), name: '20/s, then 100/s', rateAt: (seconds) => (seconds < 25 ? 20 : 100) },
]

/** How near the services come to a registry's limit, and how often it refuses them. */
export async function benchLimits({ quick, scratch, progress }: BenchOptions): Promise<BenchReport> {
  const [warmUp, measured] = quick ? [5, 10] : [15, 60]
  const results: Limited[] = []
  for (const [i, scenario] of scenarios.entries()) {
    const run: LimitedRun = { ...scenario, warmUp, measured, store: join(scratch, `limits-${i}`) }
    const result = await runLimited(run)
    results.push(result)
    progress(`  ${scenario.name}, ${scenario.workers} workers  ${cells(result).slice(2).join('  ')}`)
  }
  return { markdown: markdown(results, warmUp, measured), json: results }
}

function cells({ name, workers, answered, allowed, refused, scripts }: Limited): string[] {
  const share = `${((100 * answered) / allowed).toFixed(1)} %`
  const ofRefused = `${((100 * refused) / (answered + refused)).toFixed(2)} %`
  return [name, String(workers), share, ofRefused, (scripts / (answered + refused)).toFixed(2)]
}

function markdown(results: readonly Limited[], warmUp: number, measured: number): string[] {
  const header = ['registry', 'workers', 'share of the limit', '429', 'Redis scripts per request']
  return [
    '## Limits of registries',
    '',
    `A coordinator and workers mirror small images from a registry with a token bucket (burst 50, 429 with Retry-After: 1):`,
    `answers in ${measured} s after ${warmUp} s, of what the limit allows in that time, and the share of 429 of all answers.`,
    'Goals: 90 %, and 2 %.',
    '',
    ...table([header, ...results.map(cells)], 1),
  ]
}
