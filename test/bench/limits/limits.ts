import { join } from 'node:path'
import { tokenBucket, workbench } from '@dist/testkit'
import type { BenchOptions, BenchReport } from '../bench.js'
import { table } from '../table.js'
import { type Limited, type LimitedRun, runLimited } from './run.js'

type Scenario = Pick<LimitedRun, 'name' | 'workers' | 'requests' | 'rateAt' | 'fault'>

/** A registry that refuses more than `rateAt` requests a second. */
function refusing(name: string, workers: number, latency: number, rateAt: Scenario['rateAt']): Scenario {
  return {
    name,
    workers,
    // Enough that the registry limits, and not the slots: 200 a second of 50 ms are 10 at a time.
    requests: latency > 0 ? 32 : 8,
    rateAt,
    fault: (elapsed, answers) =>
      tokenBucket({ perSecond: () => rateAt(elapsed()), burst: 50, latency }, answers),
  }
}

/** A registry that works on `atOnce` requests at the same time, 100 ms each, and lets the others wait. */
function slowing(name: string, atOnce: (seconds: number) => number): Scenario {
  return {
    name,
    workers: 2,
    requests: 32,
    rateAt: (seconds) => atOnce(seconds) * 10,
    fault: (elapsed, answers) => workbench({ atOnce: () => atOnce(elapsed()), milliseconds: 100 }, answers),
  }
}

/** What a registry takes before and after 25 s, while the answers are counted. */
const change = (before: number, after: number) => (seconds: number) => (seconds < 25 ? before : after)

const scenarios: readonly Scenario[] = [
  ...[1, 2, 4].map((workers) => refusing('50/s, 0 ms', workers, 0, () => 50)),
  ...[1, 2, 4].map((workers) => refusing('200/s, 50 ms', workers, 50, () => 200)),
  refusing('100/s, then 20/s', 2, 0, change(100, 20)),
  refusing('20/s, then 100/s', 2, 0, change(20, 100)),
  slowing('8 at once, then 2', change(8, 2)),
  slowing('2 at once, then 8', change(2, 8)),
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

function cells({ name, workers, answered, allowed, refused, took, scripts }: Limited): string[] {
  const share = `${((100 * answered) / allowed).toFixed(1)} %`
  const ofRefused = `${((100 * refused) / (answered + refused)).toFixed(2)} %`
  return [
    name,
    String(workers),
    share,
    ofRefused,
    took.toFixed(0),
    (scripts / (answered + refused)).toFixed(2),
  ]
}

function markdown(results: readonly Limited[], warmUp: number, measured: number): string[] {
  const header = [
    'registry',
    'workers',
    'share of the limit',
    '429',
    'answer ms',
    'Redis scripts per request',
  ]
  return [
    '## Limits of registries',
    '',
    'A coordinator and workers mirror small images from a registry with a token bucket (burst 50, 429 with Retry-After: 1),',
    'and from one that works on some requests at a time, 100 ms each, and lets the others wait:',
    `answers in ${measured} s after ${warmUp} s, of what the limit allows in that time, the share of 429 of all answers, and`,
    'the median time to an answer. Goals: 90 %, and 2 %. 32 requests may be in flight at the registries that wait.',
    '',
    ...table([header, ...results.map(cells)], 1),
  ]
}
