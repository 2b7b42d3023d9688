import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mediaTypes } from '@dist/oci'
import { startRegistry as startScripted } from '@dist/testkit'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { type Registry, registryUser, startRegistry } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { forFile, forTest } from '../support/servers.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = useRedis()

/** Requires a login, and has a certificate of a private authority. */
const guarded = await forFile(startRegistry({ auth: true, tls: true }))
await pushImage(guarded.url, 'app', '1', singleImage, { auth: registryUser, ca: guarded.ca?.pem })

const dist = (...args: string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
const app = (registry: { host: string }) => `${registry.host}/app:1`

/** Starts both services with these settings of registries. */
async function start(registries: object, args: readonly string[] = []) {
  const config = workspace().file('services.yaml', JSON.stringify({ registries }))
  return await startServices(workspace(), redis().url, ['--config', config, ...args])
}

/** Trusts the registry, and has its password in a file beside the settings. */
function settingsOf({ ca }: Registry) {
  workspace().file('password', `${registryUser.password}\n`)
  workspace().file('ca.pem', ca?.pem ?? '')
  return { username: registryUser.name, 'password-file': 'password', 'ca-file': 'ca.pem' }
}

async function failureOf(name: string): Promise<{ code: string; error: string }> {
  const { stdout } = await dist('mirror', name, '--json')
  const [line] = jsonLines<{ state: string; code: string; error: string }>(stdout)
  expect(line).toMatchObject({ state: 'failed' })
  return line ?? expect.unreachable()
}

describe('registries in the settings of services', () => {
  it('have the credentials and the authority of a registry', async () => {
    const { worker, coordinator } = await start({ [guarded.host]: settingsOf(guarded) })
    expect(await dist('mirror', app(guarded))).toMatchObject({ code: 0 })
    for (const service of [worker, coordinator])
      expect(service.stdout() + service.stderr()).not.toContain(registryUser.password)
  })

  it('have a password that is renewed without a restart', async () => {
    const auth = { username: 'u', password: 'new' }
    const registry = await forTest(startScripted({ auth }))
    for (const { open } of singleImage.blobs) registry.content.putBlob('app', Buffer.concat([...open()]))
    registry.content.putManifest('app', singleImage.content.toString(), mediaTypes.ociManifest, '1')
    workspace().file('password', 'old\n')
    await start({ [registry.host]: { username: 'u', 'password-file': 'password' } })
    expect((await failureOf(app(registry))).code).toBe('UNAUTHENTICATED')
    workspace().file('password', 'new\n')
    expect(await dist('mirror', app(registry))).toMatchObject({ code: 0 })
  })

  it('have mirrors that are asked first, which get no credentials of the registry', async () => {
    const cache = await forTest(startScripted({ auth: { scheme: 'basic' } }))
    const missing = await forTest(startScripted())
    const full = await forTest(startScripted())
    for (const { open } of singleImage.blobs) full.content.putBlob('app', Buffer.concat([...open()]))
    full.content.putManifest('app', singleImage.content.toString(), mediaTypes.ociManifest, '1')
    const mirrors = [cache.host, missing.host, full.host]
    await start({ [guarded.host]: { ...settingsOf(guarded), mirrors } })
    guarded.clearRequests()
    expect(await dist('mirror', app(guarded))).toMatchObject({ code: 0 })
    await guarded.settled()
    expect(guarded.requests()).toEqual([])
    for (const mirror of [cache, missing, full]) {
      expect(mirror.requests).not.toEqual([])
      for (const { headers, query } of mirror.requests) {
        expect(headers.authorization).toBeUndefined()
        expect(query.get('ns')).toBe(guarded.host)
      }
    }
  })

  it('have mirrors without the image, and the registry itself is asked with its credentials', async () => {
    const missing = await forTest(startScripted())
    await start({ [guarded.host]: { ...settingsOf(guarded), mirrors: [missing.host] } })
    expect(await dist('mirror', app(guarded))).toMatchObject({ code: 0 })
    expect(missing.requests).not.toEqual([])
    for (const { headers } of missing.requests) expect(headers.authorization).toBeUndefined()
  })

  it('override hosts.toml, and a flag of the service overrides them', async () => {
    const wrong = workspace().file('auth.json', authFile('wrong'))
    const hosts = join(workspace().root, 'certs.d')
    mkdirSync(join(hosts, guarded.host), { recursive: true })
    workspace().file(`certs.d/${guarded.host}/hosts.toml`, `server = "http://${guarded.host}"\n`)
    const settings = { [guarded.host]: settingsOf(guarded) }
    const services = await start(settings, ['--hosts-dir', hosts])
    expect(await dist('mirror', app(guarded))).toMatchObject({ code: 0 })
    for (const { child, ended } of [services.coordinator, services.worker]) {
      child.kill('SIGTERM')
      await ended
    }
    await start(settings, ['--hosts-dir', hosts, '--authfile', wrong])
    const { code, error } = await failureOf(app(guarded).replace(':1', ':2'))
    expect(code).toBe('UNAUTHENTICATED')
    expect(error).toContain('refuses the user "wrong" (401)')
  })
})

/** Credentials in the form of docker's config.json. */
function authFile(user: string): string {
  const auth = Buffer.from(`${user}:x`).toString('base64')
  return JSON.stringify({ auths: { [guarded.host]: { auth } } })
}

describe('a registry whose credentials no service has', () => {
  it.each(['basic', 'bearer'] as const)(
    'fails its images by name and says where they belong: %s',
    async (scheme) => {
      const registry = await forTest(startScripted({ auth: { scheme, username: 'u', password: 'p' } }))
      await start({})
      const { code, error } = await failureOf(app(registry))
      expect(code).toBe('UNAUTHENTICATED')
      expect(error).toContain(registry.host)
      expect(error).toMatch(
        /add them to registries in the settings of coordinators and workers, or to their authfile$/,
      )
    },
  )

  it('has a file of a password that is missing: it and the registry are named', async () => {
    const settings = { ...settingsOf(guarded), 'password-file': 'nowhere' }
    await start({ [guarded.host]: settings })
    const { error } = await failureOf(app(guarded))
    expect(error).toContain(
      `registries.${guarded.host}.password-file: ${workspace().root}/nowhere cannot be read (ENOENT)`,
    )
  })
})

it('a service with a mistake in registries does not start, and says where it is', async () => {
  const config = workspace().file('services.yaml', 'registries: { r.io: { plain-htp: true } }\n')
  const { code, stdout } = await dist('worker', '--config', config)
  expect(code).toBe(2)
  const message = `registries in ${config}: r.io: unknown key plain-htp: allowed are `
  expect(jsonLines(stdout)).toMatchObject([{ error: { message: expect.stringContaining(message) } }])
})
