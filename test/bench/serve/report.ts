import type { BenchOptions, BenchReport } from '../bench.js'
import { table } from '../table.js'
import type { Compared, ServeResult } from './serve.js'

export function serveReport({ compared, first, peak }: ServeResult, { quick }: BenchOptions): BenchReport {
  const header = ['what', 'unit', 'dist', 'docker-registry', 'ratio', 'goal']
  return {
    json: { compared, first, peak },
    markdown: [
      '## Serving',
      '',
      'The same images, the same client (wrk, one thread), one server after the other. 64 connections; 4 for blobs of 64 MiB.',
      `Medians of ${quick ? 'one run' : 'three runs'} of 5 s after 1 s of warm-up.`,
      '',
      ...table([header, ...compared.map(row)], 2),
      '',
      `A blob of 64 MiB: ${first.cold.toFixed(2)} s when the process first serves it, ${first.warm.toFixed(2)} s after that (curl).`,
      `500 clients that ask for blobs of 4 MiB: peak ${(peak / 1e6).toFixed(0)} MB (goal: below 300).`,
    ],
  }
}

function row({ title, unit, goal, dist, dockerRegistry }: Compared): string[] {
  return [
    title,
    unit,
    dist.toFixed(0),
    dockerRegistry.toFixed(0),
    (dist / dockerRegistry).toFixed(2),
    goal.toFixed(1),
  ]
}
