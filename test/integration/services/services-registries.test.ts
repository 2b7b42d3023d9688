import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportedError } from '@dist/runs'
import { type ScriptedRegistry, startRegistry as startScripted } from '@dist/testkit'
import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { type Registry, registryUser, startRedis, startRegistry } from '@dist/testkit/servers'
import { openQueue, type Queue } from '@dist/wiring/queue'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mirrorBy } from '../support/queue-client.js'
import { forFile, forTest } from '../support/servers.js'
import { startService } from '../support/services.js'
import { type Services, startServices } from '../support/services-queue.js'
import { jsonLines, Workspace } from '../support/workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const queue = await forFile(openQueue(redis.url, {}))

/** Each registry has an image of its own: its content is in the store of no other one. */
const imageFor = (name: string) => ociImage({ layers: [seededLayer(name, 1_000)] })
const scripted = async (name: string, options: Parameters<typeof startScripted>[0] = {}) => {
  const registry = await forFile(startScripted(options))
  registry.content.putImage('app', '1', imageFor(name))
  return registry
}
const empty = (options: Parameters<typeof startScripted>[0] = {}) => forFile(startScripted(options))

/** Requires a login, and has a certificate of a private authority. */
const guarded = await forFile(startRegistry({ auth: true, tls: true }))
await pushImage(guarded.url, 'app', '1', imageFor('guarded'), { auth: registryUser, ca: guarded.ca?.pem })

const user = { username: 'u', password: 'right' }
const renewing = await scripted('renewing', { auth: user })
/** Its mirrors: one that asks for credentials, one without the image, one that has it. */
const mirrored = await scripted('mirrored', { auth: user })
const cache = await empty({ auth: { scheme: 'basic' } })
const missing = await empty()
const full = await scripted('mirrored')
/** Its mirror does not have the image. */
const asked = await scripted('asked', { auth: user })
const lacking = await empty()
const basic = await empty({ auth: { scheme: 'basic', ...user } })
const bearer = await empty({ auth: { scheme: 'bearer', ...user } })
const fileless = await empty({ auth: user })

const app = ({ host }: { host: string }) => `${host}/app:1`

/** The file of settings of services that has these registries. */
function configOf(registries: object): string {
  return workspace.file('services.yaml', JSON.stringify({ registries }))
}

/** Trusts the registry, and has its password in a file beside the settings. */
function settingsOf({ ca }: Registry) {
  workspace.file('password', `${registryUser.password}\n`)
  workspace.file('ca.pem', ca?.pem ?? '')
  return { username: registryUser.name, 'password-file': 'password', 'ca-file': 'ca.pem' }
}

/** The state in which the image of a registry ends, and the error. */
async function outcomeOf(reference: string, of: Queue = queue) {
  const [{ state, error } = { state: 'lost' }] = await mirrorBy(of, [reference])
  return { state, error }
}

async function failureOf(reference: string, of?: Queue): Promise<ReportedError> {
  const { state, error } = await outcomeOf(reference, of)
  expect(state).toBe('failed')
  return error ?? expect.unreachable()
}

/** They were asked, and got no credentials. */
function expectAsked(mirrors: readonly ScriptedRegistry[]): void {
  for (const { requests } of mirrors) {
    expect(requests).not.toEqual([])
    for (const { headers } of requests) expect(headers.authorization).toBeUndefined()
  }
}

describe('registries in the settings of services', () => {
  let services: Services
  beforeAll(async () => {
    workspace.file('right', `${user.password}\n`)
    const known = { username: user.username, 'password-file': 'right' }
    const hosts = join(workspace.root, 'certs.d')
    mkdirSync(join(hosts, guarded.host), { recursive: true })
    workspace.file(`certs.d/${guarded.host}/hosts.toml`, `server = "http://${guarded.host}"\n`)
    const config = configOf({
      [guarded.host]: settingsOf(guarded),
      [renewing.host]: { ...known, 'password-file': 'renewed' },
      [mirrored.host]: { ...known, mirrors: [cache.host, missing.host, full.host] },
      [asked.host]: { ...known, mirrors: [lacking.host] },
      [fileless.host]: { ...known, 'password-file': 'nowhere' },
    })
    services = await startServices(workspace, redis.url, ['--config', config, '--hosts-dir', hosts])
  })

  it('have the credentials and the authority of a registry, and override its hosts.toml', async () => {
    expect(await outcomeOf(app(guarded))).toMatchObject({ state: 'done' })
    for (const service of [services.worker, services.coordinator])
      expect(service.stdout() + service.stderr()).not.toContain(registryUser.password)
  })

  it('have a password that is renewed without a restart', async () => {
    workspace.file('renewed', 'old\n')
    expect((await failureOf(app(renewing))).code).toBe('UNAUTHENTICATED')
    workspace.file('renewed', `${user.password}\n`)
    expect(await outcomeOf(app(renewing))).toMatchObject({ state: 'done' })
  })

  it('have mirrors that are asked first, which get no credentials of the registry', async () => {
    expect(await outcomeOf(app(mirrored))).toMatchObject({ state: 'done' })
    expect(mirrored.requests).toEqual([])
    expectAsked([cache, missing, full])
    for (const { query } of [cache, missing, full].flatMap(({ requests }) => requests))
      expect(query.get('ns')).toBe(mirrored.host)
  })

  it('have mirrors without the image, and the registry itself is asked with its credentials', async () => {
    expect(await outcomeOf(app(asked))).toMatchObject({ state: 'done' })
    expectAsked([lacking])
  })

  it.each([
    ['basic', basic],
    ['bearer', bearer],
  ])(
    'lack credentials: the images of that registry fail by name, and say where they belong: %s',
    async (_, registry) => {
      const { code, message } = await failureOf(app(registry))
      expect(code).toBe('UNAUTHENTICATED')
      expect(message).toContain(registry.host)
      expect(message).toMatch(
        /add them to registries in the settings of coordinators and workers, or to their authfile$/,
      )
    },
  )

  it('have a file of a password that is missing: it and the registry are named', async () => {
    const { message } = await failureOf(app(fileless))
    expect(message).toContain(
      `registries.${fileless.host}.password-file: ${workspace.root}/nowhere cannot be read (ENOENT)`,
    )
  })
})

it('a flag of a service overrides registries in its settings', async () => {
  const other = await forTest(startRedis())
  const auth = Buffer.from('wrong:x').toString('base64')
  const wrong = workspace.file('auth.json', JSON.stringify({ auths: { [guarded.host]: { auth } } }))
  const flags = ['--config', configOf({ [guarded.host]: settingsOf(guarded) }), '--authfile', wrong]
  const coordinator = startService(workspace, 'coordinator', { args: ['--queue', other.url, ...flags] })
  await coordinator.logged('ready')
  const { code, message } = await failureOf(app(guarded), await forTest(openQueue(other.url, {})))
  expect(code).toBe('UNAUTHENTICATED')
  expect(message).toContain('refuses the user "wrong" (401)')
})

it('a service with a mistake in registries does not start, and says where it is', async () => {
  const config = workspace.file('mistake.yaml', 'registries: { r.io: { plain-htp: true } }\n')
  const { code, stdout } = await workspace.dist(['worker', '--config', config, '--queue', redis.url])
  expect(code).toBe(2)
  const message = `registries in ${config}: r.io: unknown key plain-htp: allowed are `
  expect(jsonLines(stdout)).toMatchObject([{ error: { message: expect.stringContaining(message) } }])
})
