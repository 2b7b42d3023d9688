import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Credential } from '../src/auth/credential.js'
import { dockerCredentials } from '../src/index.js'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'docker-config-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true })
})

async function file(content: unknown, name = 'config.json'): Promise<string> {
  const path = join(root, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function found(config: unknown, host: string): Promise<Credential | undefined> {
  return dockerCredentials({ files: [await file(config)] })(host)
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') })
const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret })

/** A helper program on the PATH, written as a shell script. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(root, `docker-credential-${name}`)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  vi.stubEnv('PATH', `${root}${delimiter}${process.env.PATH}`)
}

test('auths hold user and password in base64; the password may have colons', async () => {
  const config = { auths: { 'r.example:5000': auth('ann:se:cret') } }
  expect(await found(config, 'r.example:5000')).toEqual(password('ann', 'se:cret'))
  expect(await found(config, 'r.example')).toBeUndefined()
})

test('auths may name user and password, an identity token or a registry token', async () => {
  expect(await found({ auths: { r: { username: 'a', password: 'b' } } }, 'r')).toEqual(password('a', 'b'))
  expect(await found({ auths: { r: { ...auth('a:b'), identitytoken: 't' } } }, 'r')).toEqual({
    kind: 'identity',
    token: 't',
  })
  expect(await found({ auths: { r: auth('<token>:t') } }, 'r')).toEqual({ kind: 'identity', token: 't' })
  expect(await found({ auths: { r: { registrytoken: 't' } } }, 'r')).toEqual({ kind: 'registry', token: 't' })
})

test("padding behind docker's passwords is dropped", async () => {
  expect(await found({ auths: { r: auth('ann:secret\0\0') } }, 'r')).toEqual(password('ann', 'secret'))
})

test.each(['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io'])(
  'Docker Hub is found as %s',
  async (key) => {
    expect(await found({ auths: { [key]: auth('ann:secret') } }, 'registry-1.docker.io')).toEqual(
      password('ann', 'secret'),
    )
  },
)

test.each(['https://r.example', 'http://r.example/', 'https://r.example/v1/', 'https://r.example/v2/'])(
  'an old key that is a URL (%s) means its host',
  async (key) => {
    expect(await found({ auths: { [key]: auth('ann:secret') } }, 'r.example')).toEqual(
      password('ann', 'secret'),
    )
  },
)

test('a key with a path is for that path, not for its host', async () => {
  expect(await found({ auths: { 'r.example/org': auth('ann:secret') } }, 'r.example')).toBeUndefined()
})

test.each([
  ['team-a/app', 'app'],
  ['team-a/app/part', 'app'],
  ['team-a/other', 'team-a'],
  ['team-a', 'team-a'],
  ['team-abc/app', 'host'],
  ['team-b/app', 'host'],
  ['team-c/app', 'host'],
  ['team-d/app', 'team-d'],
  ['team-e/app', 'team-e'],
])('R31 for %s the longest key that it begins with decides: %s', async (repository, user) => {
  const config = {
    auths: {
      'R.example:5000': auth('host:1'),
      'r.example:5000/team-a': auth('team-a:1'),
      'r.example:5000/team-a/app': auth('app:1'),
      'r.example:5000/team-c': {},
      'r.example/team-b': auth('other port:1'),
      'https://r.example:5000/team-d/': auth('team-d:1'),
      'https://r.example:5000/v2/team-e': auth('team-e:1'),
    },
  }
  const credentials = dockerCredentials({ files: [await file(config)] })
  expect(await credentials('r.example:5000', { repository })).toEqual(password(user, '1'))
})

test.each(['docker.io/team', 'index.docker.io/team', 'registry-1.docker.io/team'])(
  'R31 a part of Docker Hub is found as %s',
  async (key) => {
    const config = { auths: { [key]: auth('team:1'), 'https://index.docker.io/v1/': auth('hub:1') } }
    const credentials = dockerCredentials({ files: [await file(config)] })
    expect(await credentials('registry-1.docker.io', { repository: 'team/app' })).toEqual(
      password('team', '1'),
    )
    expect(await credentials('registry-1.docker.io', { repository: 'library/app' })).toEqual(
      password('hub', '1'),
    )
  },
)

test('R31 a store is used for a part of a host only if the part was stored; helpers may be set for parts', async () => {
  const asked: string[] = []
  const runHelper = async (name: string, server: string) => {
    asked.push(`${name} ${server}`)
    return { kind: 'password', username: server, password: 'x' } as const
  }
  const config = {
    auths: { 'r/team-a': {} },
    credHelpers: { 'r/team-b': 'own' },
    credsStore: 'store',
  }
  const credentials = dockerCredentials({ files: [await file(config)], runHelper })
  expect(await credentials('r', { repository: 'team-a/app' })).toEqual(password('r/team-a', 'x'))
  expect(await credentials('r', { repository: 'team-b/app' })).toEqual(password('r/team-b', 'x'))
  expect(await credentials('r', { repository: 'team-c/app' })).toEqual(password('r', 'x'))
  expect(asked).toEqual(['store r/team-a', 'own r/team-b', 'store r'])
})

test('a helper is run once for all repositories of its host, and again for a fresh answer', async () => {
  const asked: string[] = []
  const runHelper = async (name: string, server: string) => {
    asked.push(`${name} ${server}`)
    return { kind: 'password', username: String(asked.length), password: 'x' } as const
  }
  const credentials = dockerCredentials({ files: [await file({ credsStore: 'store' })], runHelper })
  expect(await credentials('r', { repository: 'a/b' })).toEqual(password('1', 'x'))
  expect(await credentials('r', { repository: 'c/d' })).toEqual(password('1', 'x'))
  expect(await credentials('r', { repository: 'c/d', fresh: true })).toEqual(password('2', 'x'))
  expect(await credentials('r', { repository: 'a/b' })).toEqual(password('2', 'x'))
})

test.each([
  {},
  { auths: { r: {} } },
  { auths: { r: 5 } },
  { auths: { r: null } },
  { auths: null },
  { auths: [] },
  { auths: { r: auth('nocolon') } },
  { auths: { r: { auth: '' } } },
  { auths: { r: { auth: null, identitytoken: null, registrytoken: '', username: '', password: null } } },
  { auths: { '': auth('ann:secret') } },
  { credHelpers: { r: '' } },
  { credHelpers: { r: null }, credsStore: null },
  { credHelpers: null, credsStore: '' },
  null,
])('R31 %j holds nothing', async (config) => {
  expect(await found(config, 'r')).toBeUndefined()
})

test.each(['', ' \n', '\uFEFF', '\uFEFF{}'])('R31 the file %j holds nothing', async (content) => {
  expect(await found(content, 'r')).toBeUndefined()
})

test('R31 a byte order mark before the configuration does not count', async () => {
  const content = `\uFEFF${JSON.stringify({ auths: { r: auth('ann:secret') } })}`
  expect(await found(content, 'r')).toEqual(password('ann', 'secret'))
})

test('the first file with the host decides; missing files are skipped', async () => {
  const first = await file({ auths: { a: auth('first:1') } }, 'first.json')
  const second = await file({ auths: { a: auth('second:2'), b: auth('second:2') } }, 'second.json')
  const credentials = dockerCredentials({ files: [join(root, 'none.json'), first, second] })
  expect(await credentials('a')).toEqual(password('first', '1'))
  expect(await credentials('b')).toEqual(password('second', '2'))
})

test('a file that is no configuration is INVALID_ARGUMENT, and its content is not repeated', async () => {
  for (const content of ['{"auths": secret', '["secret"]', 'secret']) {
    const finding = found(content, 'r')
    await expect(finding).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(finding).rejects.not.toThrow(/secret/)
  }
})

test("a host's helper comes before the store, the store before auths", async () => {
  const asked: string[] = []
  const runHelper = async (name: string, server: string) => {
    asked.push(`${name} ${server}`)
    return name === 'empty' ? undefined : ({ kind: 'password', username: name, password: 'x' } as const)
  }
  const config = {
    credHelpers: { a: 'own' },
    credsStore: 'store',
    auths: { a: auth('plain:x'), b: auth('plain:x') },
  }
  const credentials = dockerCredentials({ files: [await file(config)], runHelper })
  expect(await credentials('a')).toEqual(password('own', 'x'))
  expect(await credentials('b')).toEqual(password('store', 'x'))
  expect(await credentials('registry-1.docker.io')).toEqual(password('store', 'x'))
  expect(asked).toEqual(['own a', 'store b', 'store https://index.docker.io/v1/'])
  const emptyStore = await file({ ...config, credsStore: 'empty' }, 'empty.json')
  expect(await dockerCredentials({ files: [emptyStore], runHelper })('b')).toEqual(password('plain', 'x'))
})

test('a helper gets the server on stdin and answers in JSON', async () => {
  await helper(
    'test',
    'read server; printf \'{"ServerURL":"%s","Username":"%s","Secret":"s"}\' "$server" "$1-$server"',
  )
  expect(await found({ credsStore: 'test' }, 'r.example')).toEqual(password('get-r.example', 's'))
})

test('a helper may answer with an identity token', async () => {
  await helper('test', 'echo \'{"Username":"<token>","Secret":"t"}\'')
  expect(await found({ credHelpers: { r: 'test' } }, 'r')).toEqual({ kind: 'identity', token: 't' })
})

test('a helper without credentials for the server is no error', async () => {
  await helper('test', 'echo "credentials not found in native keychain"; exit 1')
  expect(await found({ credsStore: 'test' }, 'r')).toBeUndefined()
})

test.each([
  ['fails', 'echo "secret"; echo secret >&2; exit 3', 'failed for r (exit 3)'],
  ['answers with something else', 'echo secret', 'output is not JSON'],
])(
  'a helper that %s is UNAUTHENTICATED, and what it wrote is not repeated',
  async (_what, script, message) => {
    await helper('test', script)
    const finding = found({ credsStore: 'test' }, 'r')
    await expect(finding).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(finding).rejects.toThrow(message)
    await expect(finding).rejects.not.toThrow(/secret/)
  },
)

test('a helper that is not installed is named', async () => {
  await expect(found({ credsStore: 'not-there' }, 'r')).rejects.toThrow(
    'docker-credential-not-there is not installed',
  )
})

test.each(['../evil', '/bin/sh', 'a b'])('the helper name %j runs nothing', async (name) => {
  const finding = dockerCredentials({ files: [await file({ credHelpers: { r: name } })] })('r')
  await expect(finding).rejects.toBeInstanceOf(DistError)
  await expect(finding).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
