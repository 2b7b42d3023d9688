import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mediaTypes } from '@dist/oci'
import {
  createTestAuthority,
  type ScriptedRegistry,
  type ScriptedRegistryOptions,
  startRegistry,
} from '@dist/testkit'
import { singleImage } from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { forTest } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const dist = (...args: string[]) => workspace().dist(args)
const digest = singleImage.descriptor.digest

/** A registry, with the image as `name:1`. */
async function registryWith(name?: string, options: ScriptedRegistryOptions = {}): Promise<ScriptedRegistry> {
  const registry = await forTest(startRegistry(options))
  if (name === undefined) return registry
  for (const { open } of singleImage.blobs) registry.content.putBlob(name, Buffer.concat([...open()]))
  registry.content.putManifest(name, singleImage.content.toString(), mediaTypes.ociManifest, '1')
  return registry
}

interface Entry {
  readonly prefix: string
  readonly location?: string
  readonly keys?: string
  readonly mirrors?: readonly { readonly location: string; readonly keys?: string }[]
}

/** Writes a `registries.conf`, and returns the option that names it. */
function conf(...entries: readonly Entry[]): string {
  const text = entries.map(({ prefix, location = '', keys = '', mirrors = [] }) => {
    const own = `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n${keys}\n`
    return (
      own +
      mirrors
        .map((mirror) => `[[registry.mirror]]\nlocation = "${mirror.location}"\n${mirror.keys ?? ''}\n`)
        .join('')
    )
  })
  return `--registries-conf=${workspace().file('registries.conf', text.join(''))}`
}

const paths = (registry: ScriptedRegistry) => registry.requests.map(({ path }) => path)
const authorizations = (registry: ScriptedRegistry) =>
  registry.requests.flatMap(({ headers }) => headers.authorization ?? [])
const basic = (user: string) => Buffer.from(`${user}:p`).toString('base64')

/** Credentials, the same password for each user. */
function authfile(users: Readonly<Record<string, string>>): string {
  const auths = Object.entries(users).map(([host, user]) => [host, { auth: basic(user) }])
  return `--authfile=${workspace().file('auth.json', JSON.stringify({ auths: Object.fromEntries(auths) }))}`
}

describe('a location', () => {
  it('is where an image is pulled from and pushed to, under its name there', async () => {
    const named = await registryWith()
    const place = await registryWith('moved/here/app')
    const option = conf({ prefix: `${named.host}/team`, location: `${place.host}/moved/here` })
    expect(await dist('pull', `${named.host}/team/app:1`, option)).toMatchObject({ code: 0 })
    expect((await dist('images')).stdout).toContain(`${named.host}/team/app:1`)
    expect(await dist('push', `${named.host}/team/app:1`, `${named.host}/team/new:2`, option)).toMatchObject({
      code: 0,
    })
    expect(place.content.find('moved/here/new', 'manifests', '2')).toBeDefined()
    expect(await dist('tags', `${named.host}/team/app`, option)).toMatchObject({ code: 0, stdout: '1\n' })
    expect(named.requests).toEqual([])
  })

  it('has the credentials of its own host, for its own names', async () => {
    const auth = { username: 'there', password: 'p' }
    const named = await registryWith()
    const place = await registryWith('moved/app', { auth })
    const users = authfile({ [named.host]: 'here', [place.host]: 'there' })
    const option = conf({ prefix: named.host, location: `${place.host}/moved` })
    expect(await dist('pull', `${named.host}/app:1`, option, users)).toMatchObject({ code: 0 })
    expect(authorizations(place)).not.toContain(`Basic ${basic('here')}`)
    expect(paths(place).filter((path) => path.endsWith('/token'))).not.toEqual([])
  })

  it('that is insecure is requested with any certificate', async () => {
    const authority = createTestAuthority()
    const tls = { cert: authority.server.cert, key: authority.server.key }
    const place = await registryWith('app', { tls })
    const option = conf({ prefix: place.host, keys: 'insecure = true' })
    expect(await dist('resolve', `${place.host}/app:1`, option)).toMatchObject({ code: 0 })
  })
})

describe('mirrors', () => {
  it('are asked first, without the credentials of the registry; the registry has what they lack', async () => {
    const auth = { scheme: 'basic', username: 'u', password: 'p' } as const
    const registry = await registryWith('team/app', { auth })
    const locked = await registryWith('team/app', { auth: { ...auth, username: 'v' } })
    const missing = await registryWith()
    const users = authfile({ [registry.host]: 'u' })
    const mirrors = [{ location: locked.host }, { location: `${missing.host}/cache` }]
    const ended = await dist(
      'pull',
      `${registry.host}/team/app:1`,
      conf({ prefix: registry.host, mirrors }),
      users,
    )
    expect(ended).toMatchObject({ code: 0 })
    expect([...authorizations(locked), ...authorizations(missing)]).toEqual([])
    expect(paths(locked)).toContain('/v2/team/app/manifests/1')
    expect(paths(missing)).toContain('/v2/cache/team/app/manifests/1')
    expect(authorizations(registry)).toContain(`Basic ${basic('u')}`)
  })

  it('for digests only have the content, and the registry says what a tag is', async () => {
    const registry = await registryWith('app')
    const mirror = await registryWith('app')
    const mirrors = [{ location: mirror.host, keys: 'pull-from-mirror = "digest-only"' }]
    const option = conf({ prefix: registry.host, mirrors })
    expect(await dist('pull', `${registry.host}/app:1`, option)).toMatchObject({ code: 0 })
    expect(paths(mirror)).not.toContain('/v2/app/manifests/1')
    expect(paths(registry).filter((path) => path.includes('/blobs/'))).toEqual([])
    const before = registry.requests.length
    expect(await dist('resolve', `${registry.host}/app@${digest}`, option)).toMatchObject({ code: 0 })
    expect(registry.requests).toHaveLength(before)
  })

  it('for tags only are not asked what a digest is', async () => {
    const registry = await registryWith('app')
    const mirror = await registryWith('app')
    const mirrors = [{ location: mirror.host, keys: 'pull-from-mirror = "tag-only"' }]
    const option = conf({ prefix: registry.host, mirrors })
    expect(await dist('resolve', `${registry.host}/app@${digest}`, option)).toMatchObject({ code: 0 })
    expect(mirror.requests).toEqual([])
    expect(await dist('pull', `${registry.host}/app:1`, option)).toMatchObject({ code: 0 })
    expect(paths(mirror)).toContain('/v2/app/manifests/1')
    expect(paths(registry).filter((path) => path.includes('/blobs/'))).toEqual([])
  })
})

describe('what is blocked', () => {
  it('is neither pulled nor pushed, whatever hosts.toml says: 4, with file and prefix', async () => {
    const registry = await registryWith('app')
    const folder = join(workspace().root, 'certs.d')
    mkdirSync(join(folder, registry.host), { recursive: true })
    workspace().file(`certs.d/${registry.host}/hosts.toml`, `server = "${registry.url}"\n`)
    expect(await dist('pull', `${registry.host}/app:1`)).toMatchObject({ code: 0 })
    const before = registry.requests.length
    const args = [conf({ prefix: registry.host, keys: 'blocked = true' }), `--hosts-dir=${folder}`]
    for (const command of [
      ['pull', `${registry.host}/app:1`],
      ['push', `${registry.host}/app:1`, `${registry.host}/new:1`],
      ['tags', `${registry.host}/app`],
    ]) {
      const { code, stderr } = await dist(...command, ...args)
      expect(code, stderr).toBe(4)
      const file = join(workspace().root, 'registries.conf')
      expect(stderr).toMatch(new RegExp(`blocked by ${file}: the prefix "${registry.host}"`))
    }
    expect(registry.requests).toHaveLength(before)
  })
})

describe('a login', () => {
  it('sends its credentials to the named host, not to the location of its repositories', async () => {
    const auth = { scheme: 'basic', username: 'u', password: 'p' } as const
    const registry = await registryWith(undefined, { auth })
    const place = await registryWith()
    const [, path = ''] = conf({ prefix: registry.host, location: place.host }).split('=')
    const args = ['login', registry.host, '-u', 'u', '--password-stdin']
    const ended = await workspace().dist(args, { stdin: 'p\n', env: { DIST_REGISTRIES_CONF: path } })
    expect(ended).toMatchObject({ code: 0 })
    expect(authorizations(registry)).toContain(`Basic ${basic('u')}`)
    expect(place.requests).toEqual([])
  })
})

describe('the precedence', () => {
  it('of hosts.toml is higher: its registry has no mirrors of registries.conf', async () => {
    const registry = await registryWith('app')
    const mirror = await registryWith('app')
    const folder = join(workspace().root, 'certs.d')
    mkdirSync(join(folder, registry.host), { recursive: true })
    workspace().file(`certs.d/${registry.host}/hosts.toml`, `server = "${registry.url}"\n`)
    const option = conf({ prefix: registry.host, mirrors: [{ location: mirror.host }] })
    expect(await dist('pull', `${registry.host}/app:1`, option, '--hosts-dir', folder)).toMatchObject({
      code: 0,
    })
    expect(mirror.requests).toEqual([])
  })
})

describe('the file', () => {
  it('is read where the variable names it, and not without', async () => {
    const registry = await registryWith('app')
    const [, path = ''] = conf({ prefix: registry.host, keys: 'blocked = true' }).split('=')
    const resolve = ['resolve', `${registry.host}/app:1`]
    expect((await workspace().dist(resolve, { env: { DIST_REGISTRIES_CONF: path } })).code).toBe(4)
    expect((await dist(...resolve)).code).toBe(0)
  })

  it('with a mistake is a usage error that names the line, also of a service', async () => {
    const path = workspace().file('wrong.conf', '[[registry]]\nprefix = \n')
    const redis = await forTest(startRedis())
    for (const command of [
      ['resolve', '127.0.0.1:1/app:1'],
      ['worker', '--queue', redis.url],
    ]) {
      const { code, stdout, stderr } = await dist(...command, '--registries-conf', path)
      expect(code).toBe(2)
      expect(stdout + stderr).toContain(`${path}: line 2: `)
    }
  })

  it('is a setting of the services, and a command with a queue refuses it', async () => {
    const registry = await registryWith()
    const mirror = await registryWith('app')
    const option = conf({ prefix: registry.host, mirrors: [{ location: mirror.host }] })
    const redis = await forTest(startRedis())
    await startServices(workspace(), redis.url, [option])
    const args = ['mirror', `${registry.host}/app:1`, '--queue', redis.url]
    expect(await dist(...args, option)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--registries-conf'),
    })
    expect(await dist(...args)).toMatchObject({ code: 0 })
  })
})
