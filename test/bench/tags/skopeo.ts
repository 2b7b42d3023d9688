import { execFileSync } from 'node:child_process'
import type { Registry } from '@dist/testkit/servers'
import type { BenchOptions } from '../bench.js'
import { measure } from '../measure.js'
import { repository } from './fill.js'
import type { TagsWay } from './tags.js'

/** Milliseconds. */
const timeLimit = 1_200_000

/** The same job by skopeo sync, to a registry: the second run. Undefined where skopeo is not installed. */
export async function skopeoSync(
  source: Registry,
  target: Registry,
  { scratch, progress }: BenchOptions,
): Promise<TagsWay | undefined> {
  try {
    execFileSync('skopeo', ['--version'])
  } catch {
    return undefined
  }
  const command = [
    ...['skopeo', 'sync', '--src', 'docker', '--dest', 'docker', '--src-tls-verify=false'],
    ...['--dest-tls-verify=false', `${source.host}/${repository}`, `${target.host}/skopeo`],
  ]
  await measure(command, scratch, { timeLimit })
  await source.settled()
  source.clearRequests()
  const again = await measure(command, scratch, { timeLimit })
  await source.settled()
  const requests: Record<string, number> = {}
  for (const { method } of source.requests()) requests[method] = (requests[method] ?? 0) + 1
  progress(`  skopeo sync: ${again.wall.toFixed(2)} s`)
  return { name: 'skopeo sync to a registry', runs: [again], median: again, requests }
}
