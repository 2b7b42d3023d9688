import { readFileSync } from 'node:fs'

/** The names of the metrics in docs/operations.md. A test compares them with those of real services. */
export function documentedMetrics(): string[] {
  const rows = readFileSync('docs/operations.md', 'utf8').matchAll(/`(dist_\w+?)(?:\{[\w,]+\})?`(?:,| \|)/g)
  return [...new Set([...rows].map(([, name = '']) => name))].sort()
}
