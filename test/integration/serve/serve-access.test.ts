import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { type Certificates, makeCertificates, waitFor } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AskOptions, type Serving, startServe } from '../support/serve.js'
import { fillStore } from '../support/served-store.js'
import { Workspace } from '../support/workspace.js'

const workspace = new Workspace()
const password = 'testpassword'
const hash = '$2y$05$distregistrytestsalt0uJwL55Bq.DtQ2bj.CkVcdldyHpmuvcLy'
/** The hash of no password. It takes about a second. */
const slowHash = hash.replace('$2y$05$', '$2y$13$')
const certificates: Certificates[] = []

let serving: Serving
/** The path of the registry of the images. */
let registry = ''
/** The flags of an instance with sign-in over TLS. */
let flags: string[] = []
let htpasswd = ''
let rights = ''

beforeAll(async () => {
  registry = await fillStore(workspace, {})
  const host = registry.replace('_', ':')
  const folder = join(workspace.root, 'tls')
  mkdirSync(folder)
  const made = await makeCertificates(folder)
  certificates.push(made)
  htpasswd = workspace.file('users', `alice:${hash}\nci:${hash}\nslow:${slowHash}\n`)
  rights = workspace.file('rights.yaml', `users: {alice: ["${host}/app"], ci: ["**"]}`)
  const key = join(workspace.root, 'token.pem')
  const curve = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  await promisify(execFile)('openssl', ['genpkey', ...curve, '-out', key])
  flags = ['--tls-cert', made.certFile, '--tls-key', made.keyFile]
  flags.push('--htpasswd', htpasswd, '--rights', rights, '--token-key', key)
  serving = await startServe(workspace, flags)
}, 120_000)
afterAll(() => workspace.remove())

const basic = (user: string, secret = password) => ({
  authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
})

const ask = (path: string, options: AskOptions = {}, at = serving) =>
  at.ask(path, { ca: certificates[0]?.ca.pem, ...options })

/** The scope and the place of a challenge. */
function challengeOf(header: string | undefined): Record<string, string> {
  const found = [...(header ?? '').matchAll(/(\w+)="([^"]*)"/g)]
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
}

async function tokenOf(user: string, scope: string, at = serving): Promise<string> {
  const path = `/token?service=dist&scope=${encodeURIComponent(scope)}`
  const { token } = (await ask(path, { headers: basic(user) }, at)).json() as { token: string }
  return token
}

const skopeo = (command: string) => workspace.shell(`skopeo --insecure-policy ${command}`)

describe('a client that signs in', () => {
  it('follows the challenge to a token for the repository', async () => {
    const path = `/v2/${registry}/app/manifests/1`
    const refused = await ask(path)
    expect([refused.status, refused.code()]).toEqual([401, 'UNAUTHORIZED'])
    const { realm, service, scope } = challengeOf(refused.headers['www-authenticate'])
    const ns = registry.replace('_', ':')
    expect({ realm, service, scope }).toEqual({
      realm: `${serving.url}/token`,
      service: 'dist',
      scope: `repository:${registry}/app:pull`,
    })
    const authorization = `Bearer ${await tokenOf('alice', scope ?? '')}`
    expect((await ask(path, { headers: { authorization } })).status).toBe(200)
    const asMirror = `/v2/app/manifests/1?ns=${ns}`
    expect((await ask(asMirror, { headers: { authorization } })).status).toBe(200)
    const other = await ask(`/v2/${registry}/other/manifests/1`, { headers: { authorization } })
    expect([other.status, other.code()]).toEqual([403, 'DENIED'])
  })

  it('may send its password with each request, and rights decide', async () => {
    const statuses = await Promise.all(
      ['app', 'other', 'nothing'].flatMap((name) =>
        ['alice', 'ci'].map(
          async (user) => (await ask(`/v2/${registry}/${name}/tags/list`, { headers: basic(user) })).status,
        ),
      ),
    )
    // What may not be read is not told apart from what is not there.
    expect(statuses).toEqual([200, 200, 403, 200, 403, 404])
    const lists = ['alice', 'ci'].map(
      async (user) => (await ask('/v2/_catalog', { headers: basic(user) })).status,
    )
    expect(await Promise.all(lists)).toEqual([403, 200])
  })

  it('may ask for a token by a form, which has an end', async () => {
    const form = `grant_type=password&service=dist&client_id=x&username=ci&password=${password}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await ask('/token', { method: 'POST', headers, body: form })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(answer.json()).toMatchObject({ expires_in: 300, access_token: expect.any(String) })
    const long = await ask('/token', { method: 'POST', headers, body: `${form}&x=${'x'.repeat(500_000)}` })
    expect(long.status).toBe(413)
    expect((await ask('/token', { method: 'DELETE' })).status).toBe(405)
  })

  it('waits for its password to be compared, and others do not wait', async () => {
    const ended: string[] = []
    const slow = ask('/v2/', { headers: basic('slow') }).then(({ status }) => ended.push(`slow ${status}`))
    const quick = ask('/v2/').then(({ status }) => ended.push(`quick ${status}`))
    await Promise.all([slow, quick])
    expect(ended).toEqual(['quick 401', 'slow 401'])
  })

  it('finds no trace of passwords and tokens in the log', async () => {
    const token = await tokenOf('ci', 'repository:a:pull')
    await ask('/v2/', { headers: { authorization: `Bearer ${token}` } })
    const text = JSON.stringify(serving.lines())
    expect(text).toContain('"msg":"token"')
    for (const secret of [password, token, basic('ci').authorization.slice(6), 'distregistry'])
      expect(text).not.toContain(secret)
  })
})

it('a token of one instance is valid at another with the same key, and at no other', async () => {
  const { authorization } = { authorization: `Bearer ${await tokenOf('ci', 'registry:catalog:*')}` }
  const [same, other] = await Promise.all([
    startServe(workspace, flags),
    startServe(workspace, ['--htpasswd', htpasswd]),
  ])
  expect((await ask('/v2/_catalog', { headers: { authorization } }, same)).status).toBe(200)
  const refused = await ask('/v2/_catalog', { headers: { authorization } }, other)
  expect(challengeOf(refused.headers['www-authenticate'])).toMatchObject({ error: 'invalid_token' })
  expect(other.lines().some(({ msg }) => msg.includes('--token-key'))).toBe(true)
  for (const { running } of [same, other]) running.child.kill('SIGTERM')
  for (const { running } of [same, other]) expect((await running.ended).code).toBe(0)
}, 60_000)

describe('skopeo', () => {
  const image = () => `docker://${serving.host}/${registry}`
  const trust = () => join(workspace.root, 'trust')
  // Once: of two programs that run at the same time, one would read it while it is written for the other.
  beforeAll(() => {
    mkdirSync(trust())
    writeFileSync(join(trust(), 'ca.crt'), certificates[0]?.ca.pem ?? '')
  })

  it('signs in over TLS, and copies an index with all that is below it', async () => {
    const to = join(workspace.root, 'copy')
    const copy = `copy -q --all --src-cert-dir ${trust()} --src-creds alice:${password} ${image()}/app:1 dir:${to}`
    expect(await skopeo(copy)).toMatchObject({ code: 0, stderr: '' })
    const found = await ask(`/v2/${registry}/app/manifests/1`, { headers: basic('ci') })
    expect(readFileSync(join(to, 'manifest.json')).equals(found.body)).toBe(true)
  })

  it('is refused with a wrong password, and where the user has no right', async () => {
    const inspect = (creds: string, name: string) =>
      skopeo(`inspect --cert-dir ${trust()} --creds ${creds} ${image()}/${name}:1`)
    const [wrong, denied] = await Promise.all([
      inspect('alice:wrong', 'app'),
      inspect(`alice:${password}`, 'other'),
    ])
    expect([wrong.code, denied.code]).toEqual([1, 1])
    expect(wrong.stderr).toContain('user name or password is wrong')
    expect(denied.stderr).toContain('this user may not read the repository')
  })
})

describe('files that change', () => {
  const statusOf = async (user: string, name = 'app') =>
    (await ask(`/v2/${registry}/${name}/tags/list`, { headers: basic(user) })).status

  it('passwords and rights are read again; a file with a mistake is logged and not used', async () => {
    const host = registry.replace('_', ':')
    writeFileSync(htpasswd, readFileSync(htpasswd, 'utf8').replace('ci:', 'ci2:'))
    writeFileSync(rights, `everyone: ["${host}/other"]`)
    await waitFor(async () => (await statusOf('ci')) === 401, 'the removal of a user')
    await waitFor(async () => (await statusOf('ci2', 'other')) === 200, 'the new rights')
    expect(await statusOf('alice')).toBe(403)
    writeFileSync(htpasswd, `alice:${hash}\nci2:$apr1$broken\n`)
    const mistake = () => serving.lines().find(({ level }) => level === 'error')
    await waitFor(() => mistake() !== undefined, 'the mistake in the log')
    expect(mistake()).toMatchObject({ code: 'INVALID_ARGUMENT', why: expect.stringContaining('line 2') })
    expect(await statusOf('ci2', 'other')).toBe(200)
  })

  it('a new certificate is for new connections; an open one goes on', async () => {
    const [first] = certificates
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: first?.ca.pem ?? '' })
    const before = await through(agent)
    const second = await makeCertificates(join(workspace.root, 'tls'))
    const fingerprint = async () => (await certificateOf(serving)).fingerprint
    const old = before.fingerprint
    await waitFor(async () => (await fingerprint()) !== old, 'the new certificate')
    expect(await through(agent)).toEqual({ ...before, reused: true })
    agent.destroy()
    certificates[0] = second
    expect(await statusOf('ci2', 'other')).toBe(200)
  })

  /** A request over the connection of the agent. */
  function through(agent: Agent): Promise<{ status: number; fingerprint: string; reused: boolean }> {
    return new Promise((resolve, reject) => {
      const sent = request(`${serving.url}/v2/`, { agent }, (response) => {
        const { fingerprint256: fingerprint } = (
          response.socket as ReturnType<typeof connect>
        ).getPeerCertificate()
        response.resume()
        const status = response.statusCode ?? 0
        response.on('end', () => resolve({ status, fingerprint, reused: sent.reusedSocket }))
      })
      sent.on('error', reject).end()
    })
  }
})

/** The certificate that a new connection gets. */
function certificateOf({ host }: Serving): Promise<{ fingerprint: string }> {
  const [hostname = '', port = ''] = host.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve({ fingerprint: socket.getPeerCertificate().fingerprint256 })
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

describe('dist serve is not started', () => {
  const refusalOf = async (...args: string[]) => {
    const { code, stdout } = await workspace.dist(['serve', '--listen', '127.0.0.1:0', ...args])
    return { code, why: JSON.parse(stdout.trim().split('\n').at(-1) ?? '').error.message as string }
  }

  it('with settings that contradict each other, or files that cannot be used', async () => {
    const broken = workspace.file('broken', 'bob:$apr1$abcdefgh$0123456789012345678901')
    const users = workspace.file('bob', `bob:${hash}`)
    const { certFile, keyFile } = certificates[0] ?? expect.unreachable()
    const cases: [string[], string][] = [
      [['--listen', '0.0.0.0:0'], '--listen 0.0.0.0:0: an address other than loopback needs --htpasswd'],
      [['--anonymous', '--htpasswd', users], '--anonymous and --htpasswd exclude each other'],
      [['--tls-cert', certFile], '--tls-cert and --tls-key belong together'],
      [['--tls-cert', certFile, '--tls-key', users], `${users} has no private key of the certificate`],
      [['--tls-cert', keyFile, '--tls-key', keyFile], `${keyFile} has no certificate in PEM form`],
      [['--htpasswd', broken], 'line 1: the hash of "bob" is not bcrypt; write it with htpasswd -B'],
      [['--htpasswd', users, '--rights', users], `${users}:1:1: `],
      [['--htpasswd', users, '--token-key', users], `--token-key: ${users} has no private key in PEM form`],
      [['--trusted-proxies', 'here', '--anonymous'], '--trusted-proxies: addresses or networks'],
      [['--public-url', 'mirror.example', '--anonymous'], '--public-url: '],
    ]
    const refusals = await Promise.all(cases.map(([args]) => refusalOf(...args)))
    const expected = cases.map(([, why]) => ({ code: 2, why: expect.stringContaining(why) }))
    expect(refusals).toEqual(expected)
  }, 120_000)
})

it('behind a trusted proxy, limits and the log are for the client', async () => {
  const args = ['--anonymous', '--trusted-proxies', '127.0.0.1', '--client-rate', '1']
  const proxied = await startServe(workspace, args)
  const from = (client: string) =>
    proxied.ask('/v2/', { headers: { host: 'mirror.example', 'x-forwarded-for': client } })
  const answers = [await from('203.0.113.1'), await from('203.0.113.1'), await from('203.0.113.1')]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
  expect([answers[2]?.code(), answers[2]?.headers['retry-after']]).toEqual(['TOOMANYREQUESTS', '1'])
  expect((await from('203.0.113.2')).status).toBe(200)
  const clients = () => proxied.lines().filter(({ msg }) => msg === 'request')
  await waitFor(() => clients().length === 4, 'the requests in the log')
  expect(clients().map(({ client }) => client)).toEqual([...Array(3).fill('203.0.113.1'), '203.0.113.2'])
})
