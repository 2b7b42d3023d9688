import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readSettings } from '../src/read.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function file(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'dist-settings-'))
  folders.push(folder)
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a setting', () => {
  it('comes from the flag, else the environment, else the file, else the default', async () => {
    const config = file('dist.yaml', 'worker:\n  concurrency: 3\n')
    const env = { DIST_WORKER_CONCURRENCY: '2', DIST_CONFIG: config }
    expect(await readSettings('worker', { concurrency: 1 }, env)).toMatchObject({ concurrency: 1 })
    expect(await readSettings('worker', {}, env)).toMatchObject({ concurrency: 2 })
    expect(await readSettings('worker', { config }, {})).toMatchObject({ concurrency: 3 })
    expect((await readSettings('worker', {}, {})).concurrency).toBeGreaterThanOrEqual(8)
  })

  it('is not set by an empty variable', async () => {
    expect(await readSettings('worker', {}, { DIST_QUEUE: '', REDIS_URL: '' })).toMatchObject({
      queue: 'redis://127.0.0.1:6379',
    })
  })

  it('is parsed with its unit', async () => {
    const addresses = '10.0.0.0/8, fd00::1'
    const flags = { memory: '512MiB', deadline: '1m30s', listen: ':9000', hostsDir: '/a,/b', addresses }
    expect(await readSettings('worker', flags, {})).toMatchObject({
      memory: 512 * 2 ** 20,
      deadline: 90_000,
      listen: { host: '0.0.0.0', port: 9000 },
      hostsDir: ['/a', '/b'],
      addresses: ['10.0.0.0/8', 'fd00::1'],
    })
  })
})

describe('the queue', () => {
  it('is DIST_QUEUE before REDIS_URL, and both before the file', async () => {
    const config = file('dist.yaml', 'queue: redis://file\n')
    const env = { DIST_CONFIG: config, REDIS_URL: 'redis://other' }
    expect(await readSettings('dashboard', {}, { ...env, DIST_QUEUE: 'redis://own' })).toMatchObject({
      queue: 'redis://own',
    })
    expect(await readSettings('dashboard', {}, env)).toMatchObject({ queue: 'redis://other' })
    expect(await readSettings('dashboard', {}, { DIST_CONFIG: config })).toMatchObject({
      queue: 'redis://file',
    })
  })

  it('may stand in a separate file, which overrides REDIS_URL', async () => {
    const path = file('queue', 'redis://u:secret@host\n')
    const env = { DIST_QUEUE_FILE: path, REDIS_URL: 'redis://other' }
    expect(await readSettings('worker', {}, env)).toMatchObject({ queue: 'redis://u:secret@host' })
  })
})

describe('a secret', () => {
  it('is read from the file that the variable or the key names, without the line end', async () => {
    const password = file('password', 'open sesame\n')
    const config = file('dist.toml', `[dashboard]\npassword-file = '${password}'\n`)
    const read = await readSettings('dashboard', { config }, { DIST_QUEUE_PASSWORD_FILE: password })
    expect(read).toMatchObject({ password: 'open sesame', queuePassword: 'open sesame' })
  })

  it('is not a flag', async () => {
    const flags = { password: 'visible to all users' } as object
    expect(await readSettings('dashboard', flags, {})).not.toHaveProperty('password')
  })

  it('is refused when it is set twice', async () => {
    const env = { DIST_QUEUE_PASSWORD: 'a', DIST_QUEUE_PASSWORD_FILE: file('password', 'b') }
    await expect(readSettings('worker', {}, env)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/DIST_QUEUE_PASSWORD and DIST_QUEUE_PASSWORD_FILE/),
    })
  })

  it('is not part of the error message', async () => {
    const wrong = await readSettings('worker', {}, { DIST_QUEUE: 'http://u:hunter2@host' }).catch((e) => e)
    expect(wrong).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('DIST_QUEUE') })
    expect(wrong.message).not.toContain('hunter2')
    const config = file('dist.yaml', 'queue-password: "hunter2\n  x: [')
    const broken = await readSettings('worker', { config }, {}).catch((e) => e)
    expect(broken).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('is not valid YAML'),
    })
    expect(`${broken.message}${broken.cause}`).not.toContain('hunter2')
  })
})

describe('a file', () => {
  it('overrides shared settings in the section of a service', async () => {
    const config = file('dist.json', '{"log-level":"warn","deadline":"5s","worker":{"deadline":"20s"}}')
    expect(await readSettings('worker', { config }, {})).toMatchObject({ logLevel: 'warn', deadline: 20_000 })
    expect(await readSettings('coordinator', { config }, {})).toMatchObject({ deadline: 5_000 })
  })

  it.each([
    ['memroy: 1GiB', 'memroy'],
    ['worker:\n  queue-user: x', 'worker.queue-user'],
    ['dashboard:\n  memory: 1GiB', 'dashboard.memory'],
    ['memory: 1GiB', 'memory'],
  ])('with an unknown key is refused: %j', async (content, key) => {
    const config = file('dist.yaml', content)
    await expect(readSettings('worker', { config }, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(new RegExp(`dist.yaml: unknown setting ${key}$`)),
    })
  })

  it('is refused when it is missing or contains no settings', async () => {
    const missing = readSettings('worker', { config: '/nowhere/dist.yaml' }, {})
    await expect(missing).rejects.toThrow('/nowhere/dist.yaml cannot be read (ENOENT)')
    const config = file('dist.yaml', '- a\n- b\n')
    await expect(readSettings('worker', { config }, {})).rejects.toThrow(
      'dist.yaml: the file must map names of settings',
    )
  })

  it('may be empty', async () => {
    const config = file('dist.yaml', '')
    expect(await readSettings('dashboard', { config }, {})).toMatchObject({ logLevel: 'info' })
  })
})

describe('an invalid value is refused with the name of its flag, variable or key', () => {
  it.each([
    [{ concurrency: '0' }, {}, '--concurrency: a whole number from 1 to 1024 is expected, not "0"'],
    [{}, { DIST_WORKER_MEMORY: '1KiB' }, 'DIST_WORKER_MEMORY: a size of at least 32MiB'],
    [{}, { DIST_WORKER_MEMORY: 'lots' }, 'DIST_WORKER_MEMORY: a size'],
    [{ listen: 'here:99999' }, {}, '--listen: host:port is expected'],
    [{ deadline: '10' }, {}, '--deadline: a duration'],
    [{ logLevel: 'loud' as 'info' }, {}, '--log-level: debug, info, warn or error is expected, not "loud"'],
    [{ addresses: '10.0.0.0/33' }, {}, '--addresses: addresses or networks such as 10.0.0.0/8 are expected'],
    [{}, { REDIS_URL: 'localhost:6379' }, 'REDIS_URL: redis://host:port'],
    [
      {},
      { DIST_QUEUE_PASSWORD_FILE: '/nowhere' },
      'DIST_QUEUE_PASSWORD_FILE: /nowhere cannot be read (ENOENT)',
    ],
  ])('%j %j', async (flags, env, message) => {
    await expect(readSettings('worker', flags, env)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('in a file', async () => {
    const config = file('dist.yaml', 'worker:\n  memory: true\n')
    await expect(readSettings('worker', { config }, {})).rejects.toThrow(
      /^memory in .*dist.yaml: .*, not true/,
    )
  })
})
