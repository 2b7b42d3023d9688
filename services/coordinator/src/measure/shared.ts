import type { LastSuccess } from '@dist/queue'
import type { KnownQuota } from '@dist/remotes'
import { BoundedLabel } from '@dist/service'
import { Gauge, type Registry } from 'prom-client'
import { inTime } from './in-time.js'

/** What the services of a queue share. */
export interface SharedSources {
  services(): Promise<readonly { readonly service: string; readonly alive: boolean }[]>
  quotas(): Promise<readonly Pick<KnownQuota, 'host' | 'remaining' | 'limit'>[]>
  /** When mirrors and schedules have last succeeded. */
  successes(): Promise<readonly LastSuccess[]>
}

/** Kinds of services that always have a value, so that an alert sees 0. */
const kinds = ['coordinator', 'worker', 'dashboard']

/** Mirrors, or schedules, of their own label. */
const mostNames = 500

/** Adds what the services of a queue share to the metrics. All coordinators report the same values. */
export function measureShared(registry: Registry, sources: SharedSources): void {
  const registers = [registry]
  const hosts = new BoundedLabel()
  new Gauge({
    name: 'dist_services_alive',
    help: 'Services whose heartbeat is seen, by kind.',
    labelNames: ['service'],
    registers,
    async collect() {
      const services = await inTime(sources.services())
      this.reset()
      if (services === undefined) return
      for (const service of kinds) this.set({ service }, 0)
      for (const { service, alive } of services) if (alive) this.inc({ service })
    },
  })
  const quota = (
    name: string,
    help: string,
    value: (each: Pick<KnownQuota, 'remaining' | 'limit'>) => number | undefined,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['host'],
      registers,
      async collect() {
        const known = (await inTime(sources.quotas())) ?? []
        this.reset()
        for (const [host, least] of leastByLabel(known.map((each) => [hosts.of(each.host), value(each)])))
          this.set({ host }, least)
      },
    })
  quota(
    'dist_host_quota_remaining',
    'Pulls left at a host, as it has told last: the least over all accounts and addresses. Absent for hosts that tell none.',
    ({ remaining }) => remaining,
  )
  quota('dist_host_quota_limit', 'The quota of pulls of a host, where it tells it.', ({ limit }) => limit)
  const success = (noun: 'mirror' | 'schedule', help: string, passes: (each: LastSuccess) => boolean) => {
    const names = new BoundedLabel(mostNames)
    return new Gauge({
      name: `dist_${noun}_last_success_timestamp_seconds`,
      help,
      labelNames: [noun],
      registers,
      async collect() {
        const known = ((await inTime(sources.successes())) ?? []).filter(passes)
        this.reset()
        const times = known.map(({ name, at }) => [names.of(name), at.getTime() / 1_000] as const)
        for (const [name, oldest] of leastByLabel(times)) this.set({ [noun]: name }, oldest)
      },
    })
  }
  success(
    'schedule',
    'End of the last run without failures of what has a schedule. Absent until there is one.',
    ({ isScheduled }) => isScheduled,
  )
  success(
    'mirror',
    'End of the last run in which a named mirror had no failures, whatever started it. Absent until there is one.',
    ({ isMirror }) => isMirror,
  )
}

/** The least value of each label; those that share one count together. */
function leastByLabel(values: Iterable<readonly [string, number | undefined]>): Map<string, number> {
  const least = new Map<string, number>()
  for (const [label, value] of values)
    if (value !== undefined) least.set(label, Math.min(value, least.get(label) ?? value))
  return least
}
