import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { registryUser } from '@dist/testkit/servers'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const guarded = useRegistry(({ url }) => pushImage(url, 'app', '1', singleImage, { auth: registryUser }), {
  auth: true,
})
const workspace = useWorkspace()
const { name, password } = registryUser
const auth = Buffer.from(`${name}:${password}`).toString('base64')

const config = () => join(workspace().home, 'docker', 'config.json')
const readConfig = (file = config()) => JSON.parse(readFileSync(file, 'utf8'))

function writeConfig(content: object): void {
  mkdirSync(join(workspace().home, 'docker'), { recursive: true })
  writeFileSync(config(), JSON.stringify(content))
}

const login = (args: readonly string[] = [], stdin: string = password) =>
  workspace().dist(['login', '-u', name, '--password-stdin', ...args, guarded().host], { stdin })

/** A credential helper that keeps each secret in a file; gives the environment in which it is found. */
function installHelper(): Record<string, string> {
  const { root, env } = workspace()
  const bin = join(root, 'helpers')
  mkdirSync(bin)
  const script = `#!/usr/bin/env node
const { existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const file = (server) => ${JSON.stringify(`${root}/secret-`)} + encodeURIComponent(server)
const input = readFileSync(0, 'utf8').trim()
const action = process.argv[2]
if (action === 'store') writeFileSync(file(JSON.parse(input).ServerURL), input)
else if (!existsSync(file(input))) { console.log('credentials not found in native keychain'); process.exit(1) }
else if (action === 'erase') rmSync(file(input))
else console.log(readFileSync(file(input), 'utf8'))
`
  writeFileSync(join(bin, 'docker-credential-test'), script)
  chmodSync(join(bin, 'docker-credential-test'), 0o755)
  return { PATH: `${bin}${delimiter}${env.PATH}` }
}

describe('dist login', () => {
  it('stores credentials as docker does, and other commands use them', async () => {
    const reference = `${guarded().host}/app:1`
    expect((await workspace().dist(['resolve', reference])).code).toBe(4)
    const ended = await login([], `${password}\n`)
    expect(ended).toMatchObject({ code: 0, stdout: `${guarded().host} ${name}\n` })
    expect(readConfig()).toEqual({ auths: { [guarded().host]: { auth } } })
    expect(statSync(config()).mode & 0o777).toBe(0o600)
    expect((await workspace().dist(['resolve', reference])).code).toBe(0)
  })

  it('keeps the other fields and hosts of the file', async () => {
    writeConfig({ detachKeys: 'ctrl-x', auths: { 'other.test': { auth: 'eDp5' } }, proxies: { default: {} } })
    expect((await login()).code).toBe(0)
    expect(readConfig()).toEqual({
      detachKeys: 'ctrl-x',
      auths: { 'other.test': { auth: 'eDp5' }, [guarded().host]: { auth } },
      proxies: { default: {} },
    })
  })

  it('4: stores nothing that the registry refuses, and never shows the password', async () => {
    const ended = await login([], 'wrong-secret')
    expect(ended).toMatchObject({ code: 4, stdout: '' })
    expect(ended.stderr).not.toContain('wrong-secret')
    expect(existsSync(config())).toBe(false)
  })

  it('1: stores nothing where the registry does not answer', async () => {
    const ended = await workspace().dist(['login', '-u', 'a', '--password-stdin', '127.0.0.1:1'], {
      stdin: 'secret',
    })
    expect(ended.code).toBe(1)
    expect(existsSync(config())).toBe(false)
  })

  it('--authfile names the file; --json describes the place', async () => {
    const file = join(workspace().root, 'new', 'ci.json')
    const ended = await login(['--authfile', file, '--json'])
    expect(JSON.parse(ended.stdout)).toEqual({ host: guarded().host, username: name, file })
    expect(readConfig(file)).toEqual({ auths: { [guarded().host]: { auth } } })
    expect(existsSync(config())).toBe(false)
  })

  it('credsStore keeps the password; logout erases it there', async () => {
    const env = installHelper()
    writeConfig({ credsStore: 'test' })
    const args = ['login', '-u', name, '--password-stdin', '--json', guarded().host]
    const ended = await workspace().dist(args, { stdin: password, env })
    expect(JSON.parse(ended.stdout)).toMatchObject({ helper: 'test' })
    expect(readConfig()).toEqual({ credsStore: 'test', auths: { [guarded().host]: {} } })
    const resolve = ['resolve', `${guarded().host}/app:1`]
    expect((await workspace().dist(resolve, { env })).code).toBe(0)
    expect((await workspace().dist(['logout', guarded().host], { env })).code).toBe(0)
    expect(readConfig()).toEqual({ credsStore: 'test', auths: {} })
    expect((await workspace().dist(resolve, { env })).code).toBe(4)
  })

  it('credHelpers of the host wins over credsStore', async () => {
    const env = installHelper()
    writeConfig({ credsStore: 'absent', credHelpers: { [guarded().host]: 'test' } })
    const args = ['login', '-u', name, '--password-stdin', guarded().host]
    expect((await workspace().dist(args, { stdin: password, env })).code).toBe(0)
    expect(existsSync(join(workspace().root, `secret-${encodeURIComponent(guarded().host)}`))).toBe(true)
  })

  it('asks on a terminal, without echo', async () => {
    const running = workspace().startShell(`script -qec 'dist login ${guarded().host}' /dev/null`)
    await running.said('Username: ')
    running.child.stdin?.write(`${name}\r`)
    await running.said('Password: ')
    running.child.stdin?.write(`x\x7f${password}\r`)
    const ended = await running.ended
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining(`${guarded().host} ${name}`)])
    expect(ended.stdout).not.toContain(password)
    expect(readConfig()).toEqual({ auths: { [guarded().host]: { auth } } })
  })

  it.each([
    ['--password-stdin without a user', ['--password-stdin'], 'secret'],
    ['no terminal and no --password-stdin', ['-u', 'ada'], ''],
    ['an empty password', ['-u', 'ada', '--password-stdin'], '\n'],
    ['a user with a colon', ['-u', 'ada:x', '--password-stdin'], 'secret'],
    ['a password as an option', ['-u', 'ada', '--password', 'secret'], ''],
    ['a repository', ['-u', 'ada', '--password-stdin', 'registry.test/app'], 'secret'],
  ])('2: %s', async (_, args, stdin) => {
    const ended = await workspace().dist(['login', ...args], { stdin })
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).not.toContain('secret\n')
  })

  it('2: a configuration that is not JSON stays as it is', async () => {
    mkdirSync(join(workspace().home, 'docker'))
    writeFileSync(config(), '{ not json')
    expect((await login()).code).toBe(2)
    expect(readFileSync(config(), 'utf8')).toBe('{ not json')
  })
})

describe('dist logout', () => {
  it('erases the credentials of the host alone', async () => {
    writeConfig({ auths: { 'other.test': { auth: 'eDp5' }, [guarded().host]: { auth } }, credHelpers: {} })
    const ended = await workspace().dist(['logout', guarded().host])
    expect(ended).toMatchObject({ code: 0, stdout: `${guarded().host}\n`, stderr: '' })
    expect(readConfig()).toEqual({ auths: { 'other.test': { auth: 'eDp5' } }, credHelpers: {} })
  })

  it('erases every spelling of Docker Hub, which is the default', async () => {
    writeConfig({
      auths: { 'https://index.docker.io/v1/': { auth }, 'docker.io': { auth }, 'other.test': {} },
    })
    expect((await workspace().dist(['logout'])).stdout).toBe('docker.io\n')
    expect(readConfig()).toEqual({ auths: { 'other.test': {} } })
  })

  it('3: no credentials are stored', async () => {
    const ended = await workspace().dist(['logout', 'other.test'])
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(existsSync(config())).toBe(false)
  })
})
