import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { measureShared, type SharedSources } from '../src/measure/shared.js'

const nothing: SharedSources = {
  services: async () => [],
  quotas: async () => [],
  successes: async () => [],
}

async function measured(sources: Partial<SharedSources>): Promise<string> {
  const registry = new Registry()
  measureShared(registry, { ...nothing, ...sources })
  return await registry.metrics()
}

it('a kind of services without a living one has the value 0', async () => {
  const services = ['worker', 'worker'].map((service, i) => ({ service, alive: i === 0 }))
  const text = await measured({ services: async () => services })
  expect(text).toContain('dist_services_alive{service="worker"} 1\n')
  expect(text).toContain('dist_services_alive{service="coordinator"} 0\n')
})

it('the quota of a host is the least of its accounts', async () => {
  const quotas = [90, 7, 50].map((remaining) => ({ host: 'docker.io', remaining, limit: 100 }))
  const text = await measured({ quotas: async () => quotas })
  expect(text).toContain('dist_host_quota_remaining{host="docker.io"} 7\n')
  expect(text).toContain('dist_host_quota_limit{host="docker.io"} 100\n')
})

it('schedules beyond the bound share a label, with the oldest time', async () => {
  const successes = [...Array(600).keys()].map((i) => ({
    name: `s${i}`,
    at: new Date((2000 - i) * 1_000),
    isMirror: i > 0,
    isScheduled: true,
  }))
  const text = await measured({ successes: async () => successes })
  expect(text).toContain('{schedule="s499"} 1501\n')
  expect(text).toContain('{schedule="other"} 1401\n')
  expect(text).not.toContain('schedule="s500"')
  expect(text).toContain('{mirror="s500"} 1500\n')
  expect(text).not.toContain('mirror="s0"')
})

it('what Redis does not tell is left out', async () => {
  const away = () => Promise.reject(new Error('Redis is away'))
  const text = await measured({ services: away, quotas: away, successes: away })
  expect(text).not.toMatch(/^dist_/m)
})
