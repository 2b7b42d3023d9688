import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleFolder } from '../support/program.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** The environment of a process in which a stream is a terminal, as far as commands look. */
function terminal(stream: 'stdin' | 'stdout'): Record<string, string> {
  const preload = workspace().file('terminal.mjs', `process.${stream}.isTTY = true`)
  return { NODE_OPTIONS: `--import=${preload}` }
}

describe('the command line', () => {
  it('--version prints the version on stdout', async () => {
    const manifest = join(bundleFolder(), '..', 'package.json')
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
    expect(await workspace().dist(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  it('an unknown option is a usage error, told on stderr', async () => {
    const ended = await workspace().dist(['list', '--all'])
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('--help')
  })

  it('names the command whose help tells more', async () => {
    const ended = await workspace().dist(['snapshots', 'rm'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('(see dist snapshots rm --help)')
  })

  it('refuses a reference that cannot be right in one line', async () => {
    const ended = await workspace().dist(['resolve', 'example.com/UPPER'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/^dist: .*lowercase.*\n$/)
  })

  it.each([[['list', '--json', '--all']], [['resolve', '--json', 'example.com/UPPER']]])(
    '%j fails in one JSON object on stderr, with its code',
    async (args) => {
      const ended = await workspace().dist(args)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(JSON.parse(ended.stderr)).toEqual({ error: expect.any(String), code: 'INVALID_ARGUMENT' })
    },
  )

  it('a command of a queue says without one what is missing', async () => {
    const ended = await workspace().dist(['status', 'r1'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/--queue redis:.*DIST_QUEUE/)
  })
})

describe('help', () => {
  it.each([
    ['mirror', true],
    ['serve', false],
  ])('of %s has examples of itself', async (name, hasJson) => {
    const { code, stdout } = await workspace().dist([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}\\$ .*dist ${name}`))
    expect(stdout.includes('--json')).toBe(hasJson)
    expect(stdout).toContain('--verbose')
  })

  it.each([
    [['help'], ['--help']],
    [
      ['help', 'export'],
      ['export', '--help'],
    ],
    [
      ['help', 'images', 'rm'],
      ['images', 'rm', '--help'],
    ],
    [['version'], ['--version']],
  ])('dist %j says what dist %j says', async (short, long) => {
    const [one, other] = await Promise.all([workspace().dist(short), workspace().dist(long)])
    expect([one.code, other.code]).toEqual([0, 0])
    expect(one.stdout).toBe(other.stdout)
    expect(one.stdout).not.toBe('')
  })

  it.each([80, 100])(
    'on a terminal of %i columns has nothing but examples that is wider',
    async (columns) => {
      const preload = workspace().file('columns.mjs', `process.stdout.columns = ${columns}`)
      const { code, stdout } = await workspace().dist(['copy', '--help'], {
        env: { NODE_OPTIONS: `--import=${preload}` },
      })
      expect(code).toBe(0)
      const wide = linesOf(stdout).filter((line) => line.length > columns && !line.startsWith('  $ '))
      expect(wide).toEqual([])
    },
  )

  it('of a command that there is not is a usage error', async () => {
    const ended = await workspace().dist(['help', 'images', 'none'])
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain("unknown command 'images none'")
  })
})

describe('archives', () => {
  it('export refuses a terminal, and says what to do', async () => {
    const env = terminal('stdout')
    for (const args of [
      ['export', 'alpine'],
      ['export', '-o', '-', 'alpine'],
    ]) {
      const ended = await workspace().dist(args, { env })
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(/^dist: [^\n]*terminal[^\n]* -o\n$/)
    }
  })

  it('import asks for an archive where stdin is a terminal', async () => {
    const ended = await workspace().dist(['import'], { env: terminal('stdin') })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/^dist: no archive: [^\n]+\n$/)
  })

  it.each([
    [['import', '--name', 'A B'], /"A B"/],
    [['import', '--platform', 'linux'], /"linux"/],
    [['import', 'gone.tar'], /gone\.tar: cannot be read/],
  ])('%j is refused before anything is read', async (args, says) => {
    const ended = await workspace().dist(args, { stdin: 'no archive' })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(says)
  })
})
