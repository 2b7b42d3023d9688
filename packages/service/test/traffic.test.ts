import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { measureTraffic } from '../src/traffic.js'

it('requests count by direction and class of the status', async () => {
  const registry = new Registry()
  const { onRequest } = measureTraffic(registry)
  const url = 'https://quay.io/v2/'
  onRequest({ method: 'GET', url, status: 206 })
  onRequest({ method: 'HEAD', url, status: 404 })
  onRequest({ method: 'PATCH', url, status: undefined })
  const text = await registry.metrics()
  for (const labels of [
    'direction="pull",status="2xx"',
    'direction="pull",status="4xx"',
    'direction="push",status="none"',
  ])
    expect(text).toContain(`dist_host_requests_total{host="quay.io",${labels}} 1\n`)
})

it('hosts beyond the bound count as other, so that redirects make no endless metrics', async () => {
  const registry = new Registry()
  const { onBytes } = measureTraffic(registry)
  for (let i = 0; i < 150; i++) onBytes(`host-${i}`, 'received', 10)
  onBytes('host-3', 'received', 5)
  const text = await registry.metrics()
  expect(text).toContain('{host="host-3",direction="received"} 15\n')
  expect(text).toContain('{host="other",direction="received"} 500\n')
  expect(text.match(/^dist_host_bytes_total/gm)).toHaveLength(101)
})
