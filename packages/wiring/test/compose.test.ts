import { readFileSync } from 'node:fs'
import { readSettings, type ServiceName, serviceShapes } from '@dist/settings'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { variablesOf } from '../../settings/test/support/variables.js'

interface ComposeService {
  image?: string | undefined
  build?: { context: string; dockerfile: string } | undefined
  command?: string[] | undefined
  environment?: Record<string, string> | undefined
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number } | undefined
  depends_on?: Record<string, { condition: string }> | undefined
  volumes?: string[] | undefined
  ports?: string[] | undefined
  container_name?: string | undefined
  stop_grace_period?: string | undefined
  read_only?: boolean | undefined
  mem_limit?: string | undefined
  cpus?: number | undefined
  secrets?: string[] | undefined
}

const top = new URL('../../..', import.meta.url)
const text = (path: string) => readFileSync(new URL(path, top), 'utf8')
const compose: {
  services: Record<string, ComposeService>
  volumes: Record<string, unknown>
  secrets: Record<string, { file: string }>
} = parse(text('docker-compose.yml'), { merge: true })
const containerfile = text('infra/container/Containerfile')
const own = Object.entries(compose.services).filter(([name]) => name in serviceShapes) as [
  ServiceName,
  ComposeService,
][]

describe('docker-compose.yml', () => {
  it('has a queue, a store and every service', () => {
    const expected = ['queue', 'store', ...Object.keys(serviceShapes)]
    expect(Object.keys(compose.services).sort()).toEqual(expected.sort())
  })

  it('names the versions of other images, and checks their health', () => {
    for (const { image, build, healthcheck } of Object.values(compose.services)) {
      expect(image).toMatch(/^[\w./-]+:[\w.-]+$/)
      expect(image).not.toMatch(/:latest$/)
      if (build === undefined) expect(healthcheck?.test[0]).toBe('CMD')
    }
  })

  it('limits the memory and the processors of each service', () => {
    for (const service of Object.values(compose.services)) {
      expect(service.mem_limit).toMatch(/^\d+[mg]$/)
      expect(service.cpus).toBeGreaterThan(0)
    }
  })

  it('gives the credentials of registries to those who ask registries, and to nobody else', () => {
    const given = Object.entries(compose.services).filter(([, { secrets = [] }]) => secrets.length > 0)
    expect(given.map(([name]) => name).sort()).toEqual(['coordinator', 'worker'])
    for (const [, { secrets, environment }] of given) {
      expect(secrets).toEqual(Object.keys(compose.secrets))
      expect(environment?.DIST_AUTHFILE).toBe(`/run/secrets/${secrets?.[0]}`)
    }
    const [, standard = ''] = /:-\.\/(.*)\}$/.exec(compose.secrets['registry-credentials']?.file ?? '') ?? []
    expect(JSON.parse(text(standard))).toEqual({ auths: {} })
  })

  it('keeps all jobs: on disk, and when the memory is full', () => {
    const command = compose.services.queue?.command?.join(' ')
    expect(command).toContain('--appendonly yes')
    expect(command).toContain('--maxmemory-policy noeviction')
  })

  it('waits only for services with a health check, and declares its volumes', () => {
    for (const { depends_on = {}, volumes = [] } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy')
        expect(compose.services[name]?.healthcheck).toBeDefined()
      }
      for (const volume of volumes) expect(compose.volumes).toHaveProperty(volume.split(':')[0] ?? '')
    }
  })

  it('can scale workers: they have no container name and no published port', () => {
    expect(compose.services.worker).not.toHaveProperty('container_name')
    expect(compose.services.worker).not.toHaveProperty('ports')
  })

  it('publishes ports on this machine only', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? [])
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it.each(own)('%s has only valid settings', async (name, service) => {
    const known = new Set([...variablesOf(name), 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    const environment = { ...imageEnvironment(), ...service.environment }
    for (const variable of Object.keys(service.environment ?? {})) expect(known).toContain(variable)
    const settings = await readSettings(name, {}, environment)
    expect(settings).toMatchObject({ queue: 'redis://queue:6379' })
    expect(service.command).toEqual([name === 'registry' ? 'serve' : name])
    expect(Number.parseInt(service.stop_grace_period ?? '0', 10) * 1000).toBeGreaterThan(
      settings.deadline + 2_000,
    )
  })

  it('builds one image for all of them', () => {
    const builds = own.map(([, { build, image }]) => ({ build, image }))
    expect(new Set(builds.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(builds[0]?.build?.dockerfile).toBe('infra/container/Containerfile')
  })
})

describe('the image', () => {
  it('runs as an unprivileged user, with an init process and a health check', () => {
    expect(containerfile).toMatch(/^USER node$/m)
    expect(containerfile).toMatch(/^ENTRYPOINT \["tini", "--", "dist"\]$/m)
    expect(containerfile).toMatch(/^HEALTHCHECK /m)
  })

  it('is built in stages, on a fixed version of Node.js', () => {
    const stages = containerfile.match(/^FROM .*$/gm) ?? []
    expect(stages).toEqual(['FROM node:24-slim AS build', 'FROM node:24-slim'])
  })

  it('sets only variables of the services, and has the health server at the port of the health check', () => {
    const known = new Set(Object.keys(serviceShapes).flatMap((name) => variablesOf(name as ServiceName)))
    const environment = imageEnvironment()
    for (const variable of Object.keys(environment))
      if (variable.startsWith('DIST_')) expect(known).toContain(variable)
    const check = text('infra/container/healthcheck.mjs')
    for (const variable of [
      'DIST_COORDINATOR_LISTEN',
      'DIST_WORKER_LISTEN',
      'DIST_DASHBOARD_HEALTH_LISTEN',
      'DIST_REGISTRY_HEALTH_LISTEN',
    ])
      expect(check).toContain(`:${environment[variable]?.split(':')[1]}/readyz`)
  })
})

/** The variables that the image sets. */
function imageEnvironment(): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(containerfile) ?? []
  return Object.fromEntries(block.split(/\\?\s+/).map((pair) => pair.split('=') as [string, string]))
}
