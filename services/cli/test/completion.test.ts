import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createFullProgram } from '../src/program.js'
import { captured } from './support/context.js'

const folder = mkdtempSync(join(tmpdir(), 'dist-completion-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function script(shell: string): Promise<string> {
  const { context, stdout } = captured()
  const program = await createFullProgram(context, () => {})
  await program.parseAsync(['completion', shell], { from: 'user' })
  return stdout()
}

const scripts = { bash: await script('bash'), zsh: await script('zsh'), fish: await script('fish') }
const files = Object.entries(scripts).map(([shell, text]) => {
  const file = join(folder, `dist.${shell}`)
  writeFileSync(file, text)
  return [shell, file] as const
})
const bashFile = join(folder, 'dist.bash')

/** The completions of bash for the last word. */
function complete(...words: string[]): string[] {
  const run = `source ${bashFile}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dist; printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['-c', run, 'bash', 'dist', ...words], { encoding: 'utf8' })
  return output.split('\n').filter((line) => line !== '')
}

describe('bash completes', () => {
  it('commands', () => {
    expect(complete('p')).toEqual(['pull', 'push', 'path'])
    expect(complete('')).toEqual(expect.arrayContaining(['mirror', 'login', 'completion', 'help']))
    expect(complete('images', '')).toEqual(['rm'])
    expect(complete('help', 'mi')).toEqual(['mirror'])
  })

  it('options, also after other options and arguments', () => {
    expect(complete('pull', '--all')).toEqual(['--all-platforms'])
    expect(complete('pull', '--store', 'images', 'alpine:3.20', '--un')).toEqual(['--unpack'])
    expect(complete('images', 'rm', '--st')).toEqual(['--store'])
    expect(complete('images', 'rm', '--qu')).toEqual([])
    expect(complete('--ver')).toEqual(['--version'])
  })

  it('fixed values', () => {
    expect(complete('runs', '--state', '')).toEqual(['running', 'done', 'failed', 'canceled', 'lost'])
    expect(complete('runs', '--state', 'do')).toEqual(['done'])
    expect(complete('completion', 'z')).toEqual(['zsh'])
    expect(complete('worker', '--log-level', 'w')).toEqual(['warn'])
  })

  it('nothing where any value is allowed', () => {
    expect(complete('pull', '--platform', '')).toEqual([])
    expect(complete('mirror', '--file', '')).toEqual([])
  })

  it('words of dist after registration', () => {
    const run = `source ${bashFile}; complete -p dist`
    expect(execFileSync('bash', ['-c', run], { encoding: 'utf8' })).toContain('-F _dist dist')
  })
})

describe.each(files)('the script for %s', (shell, file) => {
  it('has valid syntax, if the shell is installed', () => {
    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    if (error === undefined) expect([status, stderr]).toEqual([0, ''])
    else expect(error).toMatchObject({ code: 'ENOENT' })
  })

  it('names every command, sub-command and option', async () => {
    const program = await createFullProgram(captured().context, () => {})
    const text = scripts[shell as keyof typeof scripts]
    for (const command of program.commands) {
      expect(text).toContain(command.name())
      for (const { long } of command.options) expect(text).toContain((long ?? '').replace(/^--/, ''))
    }
    expect(text).toContain('images rm')
  })

  it('has balanced quotes in its descriptions', () => {
    const text = scripts[shell as keyof typeof scripts].replaceAll("'\\''", '').replaceAll("\\'", '')
    for (const line of text.split('\n').filter((each) => !each.startsWith('#')))
      expect((line.match(/'/g) ?? []).length % 2, line).toBe(0)
  })
})

it('an unknown shell is a usage error that names the shells', async () => {
  const { context, stderr } = captured()
  const program = await createFullProgram(context, () => {})
  await expect(program.parseAsync(['completion', 'tcsh'], { from: 'user' })).rejects.toThrow()
  expect(stderr()).toContain('bash, zsh, fish')
})
