import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mediaTypes } from '@dist/oci'
import {
  createTestAuthority,
  type ScriptedRegistry,
  type ScriptedRegistryOptions,
  startRegistry as startScripted,
} from '@dist/testkit'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { registryUser, startRegistry } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { mirrorText } from '../support/mirror-text.js'
import { forFile, forTest } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** Requires a login, and has a certificate of a private authority. */
const guarded = await forFile(startRegistry({ auth: true, tls: true }))
for (const tag of ['1.0', '1.1', 'edge'])
  await pushImage(guarded.url, 'team/app', tag, singleImage, { auth: registryUser, ca: guarded.ca?.pem })

beforeEach(() => {
  workspace().file('password', `${registryUser.password}\n`)
  workspace().file('ca.pem', guarded.ca?.pem ?? '')
})

/** As the keys of a registry in a mirror file; paths are relative to it. */
const ofGuarded = `{ username: ${registryUser.name}, password-file: password, ca-file: ca.pem }`

async function registryWith(options: ScriptedRegistryOptions = {}): Promise<ScriptedRegistry> {
  const registry = await forTest(startScripted(options))
  for (const { open } of singleImage.blobs) registry.content.putBlob('team/app', Buffer.concat([...open()]))
  registry.content.putManifest('team/app', singleImage.content.toString(), mediaTypes.ociManifest, '1.0')
  return registry
}

const authorizations = (registry: ScriptedRegistry) =>
  registry.requests.flatMap(({ headers }) => headers.authorization ?? [])

/** Mirrors by a file with these registries, and one source. */
async function mirror(registries: string, from: string, args: readonly string[] = []) {
  const text = `version: 1\nregistries: { ${registries} }\nmirrors: [{ ${from} }]\n`
  return await mirrorText(workspace(), text, args)
}

const tls = () => {
  const { server } = createTestAuthority()
  return { cert: server.cert, key: server.key }
}

/** The seconds that a mirror takes. */
async function secondsOf(registries: string, from: string): Promise<number> {
  const startedAt = performance.now()
  expect((await mirror(registries, from)).code).toBe(0)
  return (performance.now() - startedAt) / 1000
}

/** An entry of the host in a folder of settings of hosts. */
function hostsDir(host: string, content: string): string {
  const folder = join(workspace().root, 'certs.d')
  mkdirSync(join(folder, host), { recursive: true })
  workspace().file(`certs.d/${host}/hosts.toml`, content)
  return folder
}

describe('registries in a mirror file', () => {
  it('list and fetch with the credentials and the authority of the source', async () => {
    const ended = await mirror(
      `"${guarded.host}": ${ofGuarded}`,
      `from: ${guarded.host}/team/**, tags: { semver: "*" }`,
    )
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.lines.map(({ name }) => name).sort()).toEqual([
      `${guarded.host}/team/app:1.0`,
      `${guarded.host}/team/app:1.1`,
    ])
    expect(ended.stdout + ended.stderr).not.toContain(registryUser.password)
  })

  it('are for the destination, too, with a password of a variable and a token server', async () => {
    const auth = { username: 'robot', password: 'x y' }
    const target = await forTest(startScripted({ auth }))
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of variables
    const password = '${ROBOT_PASSWORD}'
    const registries = `"${guarded.host}": ${ofGuarded}, "${target.host}": { username: robot, password: "${password}" }`
    const from = `from: "${guarded.host}/team/app:1.0", to: "${target.host}/copy"`
    const text = `version: 1\nregistries: { ${registries} }\nmirrors: [{ ${from} }]\n`
    const path = workspace().file('dist.yaml', text)
    const env = { ROBOT_PASSWORD: auth.password }
    expect(await workspace().dist(['mirror', '-f', path], { env })).toMatchObject({ code: 0 })
    expect(target.content.find('copy', 'manifests', '1.0')).toBeDefined()
    expect(authorizations(target)).toContain(`Basic ${Buffer.from('robot:x y').toString('base64')}`)
    expect((await workspace().dist(['mirror', '-f', path])).code).toBe(2)
  })

  it('have mirrors with credentials of their own, which get none of the registry', async () => {
    const first = await registryWith({ auth: { scheme: 'basic', username: 'm', password: 'm' } })
    const second = await registryWith({ auth: { scheme: 'basic', username: 'n', password: 'n' } })
    const mirrors = `mirrors: ["${second.host}", "${first.host}"]`
    const registries = `"${guarded.host}": { ${ofGuarded.slice(2, -2)}, ${mirrors} }, "${first.host}": { username: m, password: m }`
    guarded.clearRequests()
    const ended = await mirror(registries, `from: "${guarded.host}/team/app:1.0"`)
    expect(ended.code, ended.stderr).toBe(0)
    await guarded.settled()
    expect(guarded.requests().filter(({ path }) => path.includes('/blobs/'))).toEqual([])
    expect(authorizations(second)).toEqual([])
    const own = `Basic ${Buffer.from('m:m').toString('base64')}`
    expect(new Set(authorizations(first))).toEqual(new Set([own]))
  })

  it('accept any certificate where they say so, for this registry alone', async () => {
    const registry = await registryWith({ tls: tls() })
    const other = await registryWith({ tls: tls() })
    const registries = (host: string) => `"${host}": { insecure-skip-tls-verify: true }`
    const from = `from: "${registry.host}/team/app:1.0"`
    const hosts = ['--hosts-dir', hostsDir(registry.host, `server = "${registry.url}"\n`)]
    expect(await mirror(registries(other.host), from, hosts)).toMatchObject({ code: 1 })
    expect(await mirror(registries(registry.host), from, hosts)).toMatchObject({ code: 0 })
  })
})

describe('the precedence of registries in a mirror file', () => {
  it('is below the flags', async () => {
    const registry = await registryWith()
    const secure = `"${registry.host}": { plain-http: false }`
    const from = `from: "${registry.host}/team/app:1.0"`
    expect(await mirror(secure, from)).toMatchObject({ code: 1 })
    expect(await mirror(secure, from, ['--plain-http', registry.host])).toMatchObject({ code: 0 })
    const auth = Buffer.from('wrong:x').toString('base64')
    const authfile = workspace().file('auth.json', JSON.stringify({ auths: { [guarded.host]: { auth } } }))
    const { code, lines } = await mirror(
      `"${guarded.host}": ${ofGuarded}`,
      `from: "${guarded.host}/team/app:1.0"`,
      ['--authfile', authfile],
    )
    expect(code).toBe(4)
    expect(lines[0]?.error).toContain('refuses the user "wrong" (401)')
  })

  it('is above hosts.toml and registries.conf: their mirrors are not asked, and the scheme is that of the file', async () => {
    const [ofHosts, ofConf, ofFile] = [await registryWith(), await registryWith(), await registryWith()]
    const registry = await registryWith()
    const from = `from: "${registry.host}/team/app:1.0"`
    const registries = `"${registry.host}": { plain-http: true, mirrors: ["${ofFile.host}"] }`
    const toml = `server = "https://${registry.host}"\n[host."${ofHosts.url}"]\n`
    const conf = `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${ofConf.host}"\n`
    const options = [
      ['--hosts-dir', hostsDir(registry.host, toml)],
      ['--registries-conf', workspace().file('registries.conf', conf)],
    ]
    for (const args of options) expect(await mirror(registries, from, args)).toMatchObject({ code: 0 })
    expect([...ofHosts.requests, ...ofConf.requests]).toEqual([])
    expect(ofFile.requests).not.toEqual([])
  })
})

it.each(['from', 'to'])('bytes-per-second bounds the content %s a registry', async (side) => {
  const [source, destination] = [await registryWith(), await forTest(startScripted())]
  const bounded = side === 'from' ? source : destination
  const limit = `${bounded.host}: { bytes-per-second: 512KiB }`
  // The image has 1.4 MiB. Some of it is sent at once.
  const names = `from: ${source.host}/team/app, tags: all, to: ${destination.host}/copy`
  expect(await secondsOf(limit, names)).toBeGreaterThan(1.5)
})
