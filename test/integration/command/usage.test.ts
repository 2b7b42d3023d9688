import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { useLines } from '../support/lines.js'
import { startScripted } from '../support/scripted.js'

const { workspace, run: dist } = useLines()

const secret = 'hunter2'
const withPassword = `ann:${secret}@registry.test`
const oneLine = /^dist: [^\n]+\n$/

describe('arguments that cannot be right', () => {
  it.each([
    ['an uppercase repository', ['resolve', 'HOST/App:1']],
    ['a tag that is too long', ['resolve', `HOST/app:${'t'.repeat(129)}`]],
    ['a scheme', ['pull', 'http://HOST/app:1']],
    ['a short digest', ['pull', 'HOST/app@sha256:abc']],
    ['a way out of the repository', ['resolve', 'HOST/../app:1']],
    ['a tag where a repository is wanted', ['fetch', 'HOST/app:1', '1']],
    ['an object that is neither tag nor digest', ['fetch', 'HOST/app', 'a/b']],
    ['an unknown hint', ['fetch', 'HOST/app', '1', 'kind:manifest']],
    ['a platform that is none', ['pull', '--platform', 'linux', 'HOST/app:1']],
  ])('2, without a request: %s', async (_, args) => {
    await using silent = await startScripted((_request, response) => response.end())
    const ended = await dist(args.map((arg) => arg.replace('HOST', silent.host)))
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(oneLine)
    expect(silent.requests).toEqual([])
  })

  it.each([
    ['an unknown command', ['upload']],
    ['an unknown option', ['list', '--all']],
    ['no argument', ['resolve']],
    ['a size that is none', ['ingest', '--expected-size', '-1', 'ref']],
    ['a digest that is none', ['ingest', '--expected-digest', 'sha256:../../x', 'ref']],
    ['a duration that is none', ['sweep', '--older-than', 'long']],
    ['a digest to delete that is none', ['delete', 'sha256:xyz']],
    ['a digest as a terminal shows it', ['path', 'sha256:0123456789ab']],
    ['no command at all', []],
  ])('2: %s', async (_, args) => {
    const ended = await dist(args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).not.toContain('    at ')
  })

  it.each([
    ['resolve', `${withPassword}/app:1`],
    ['resolve', `https://${withPassword}/app:1`],
    ['pull', `${withPassword}/app:1`],
    ['pull', `ann:x/${secret}@registry.test/app`],
    ['pull', `ann:x@${secret}@registry.test/app`],
    ['pull', `--${withPassword}/app`],
    ['pull', 'alpine', '--platform', withPassword],
    ['fetch', `${withPassword}/app`, '1'],
    ['fetch', 'registry.test/app', withPassword],
    ['fetch', 'registry.test/app', '1', withPassword],
    ['push', 'alpine', `${withPassword}/app:1`],
    ['push', '--to', `${withPassword}/mirror`, 'alpine'],
    ['copy', `${withPassword}/app:1`, 'registry.test/app:1'],
    ['copy', 'registry.test/app:1', `${withPassword}/app:1`],
    ['mirror', `${withPassword}/app:1`],
    ['mirror', '--to', `${withPassword}/mirror`, 'alpine'],
    ['mirror', '-f', 'refs.txt'],
    ['mirror', '--queue', 'redis://127.0.0.1:1', `${withPassword}/app:1`],
    ['inspect', `${withPassword}/app:1`],
    ['tag', `${withPassword}/app:1`, 'app:2'],
    ['tag', 'app:1', `${withPassword}/app:2`],
    ['images', 'rm', `${withPassword}/app:1`],
    ['unpack', `${withPassword}/app:1`],
    ['bundle', `${withPassword}/app:1`, 'there'],
    ['export', `${withPassword}/app:1`, '-o', 'out.tar'],
    ['delete', withPassword],
    ['path', withPassword],
    ['verify', withPassword],
    ['ingest', '--expected-digest', withPassword, 'ref'],
    [withPassword],
    ['runs', withPassword],
  ])('R26 user and password are never shown: dist %s %s', async (...args) => {
    const file = workspace.file('refs.txt', `${withPassword}/app:1\n`)
    const given = args.map((arg) => (arg === 'refs.txt' ? file : arg))
    for (const more of ['--json', '-v']) {
      const ended = await dist([...given, more])
      expect(ended.code).not.toBe(0)
      expect(ended.stdout + ended.stderr).not.toContain(secret)
    }
  })

  it.each([[['inspect']], [['list', '--all']], [['resolve']], [['resolve', 'a', 'b']], [[]]])(
    '%j name the help on stderr',
    async (args) => {
      const ended = await dist(args)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toContain('--help')
    },
  )

  it.each([['runs'], ['status'], ['status', 'r1'], ['retry', 'r1'], ['cancel', 'r1']])(
    '%s %s without a queue says what is missing',
    async (...args) => {
      const ended = await dist(args)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toMatch(/--queue redis:.*DIST_QUEUE/)
    },
  )
})

describe('help', () => {
  const services = ['coordinator', 'worker', 'dashboard', 'serve']
  const names = readdirSync(fileURLToPath(new URL('../../../docs/commands', import.meta.url)))
    .filter((file) => file !== 'README.md')
    .map((file) => file.replace(/\.md$/, ''))

  it.each(names)('of %s has examples of itself', async (name) => {
    const { code, stdout } = await dist([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}\\$ .*dist ${name}`))
    expect(stdout.includes('--json')).toBe(!services.includes(name))
    expect(stdout).toContain('--verbose')
  })

  it.each(['images', 'snapshots'])('of %s rm has examples of itself', async (name) => {
    const { code, stdout } = await dist([name, 'rm', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Examples:\n  $ dist ${name} rm `)
  })
})
