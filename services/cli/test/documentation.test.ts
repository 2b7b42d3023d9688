import { readdirSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { exitCodes } from '../src/errors/errors.js'
import { createFullProgram } from '../src/program.js'
import { captured } from './support/context.js'

const pages = new URL('../../../docs/commands/', import.meta.url)
const page = (name: string) => readFileSync(new URL(`${name}.md`, pages), 'utf8')
const all = (await createFullProgram(captured().context, () => {})).commands
/** Commands without a page: their output is that of --help and --version. */
const plain = ['version', 'help']
const commands = all.filter((command) => !plain.includes(command.name()))
// The services always log JSON.
const services = ['coordinator', 'worker', 'dashboard', 'serve']
const named = commands.map((command) => [command.name(), command] as const)

it('the program has exactly these commands, in the order of their use', () => {
  expect(commands.map((command) => command.name())).toEqual([
    'pull',
    'mirror',
    'config',
    'tags',
    'push',
    'copy',
    'images',
    'inspect',
    'tag',
    'unpack',
    'bundle',
    'snapshots',
    'export',
    'import',
    'resolve',
    'fetch',
    'ingest',
    'active',
    'abort',
    'sweep',
    'list',
    'path',
    'delete',
    'df',
    'gc',
    'apply',
    'verify',
    'runs',
    'status',
    'retry',
    'cancel',
    'schedule',
    'token',
    'user',
    'hosts',
    'login',
    'logout',
    ...services,
    'completion',
  ])
})

it('help and version come last, and the index names them', () => {
  expect(all.slice(-2).map((command) => command.name())).toEqual(plain)
  for (const name of plain) expect(page('README')).toContain(`dist ${name}`)
})

it('each page belongs to a command', () => {
  const files = readdirSync(pages).filter((file) => file !== 'README.md')
  expect(files.sort()).toEqual(commands.map((command) => `${command.name()}.md`).sort())
})

it.each(named)('%s has a page that names all of its options and arguments', (name, command) => {
  const text = page(name)
  expect(text).toMatch(new RegExp(`^# dist ${name}\n\n {4}dist ${name} \\[options\\]`))
  for (const each of withChildren(command)) {
    for (const flag of flagsOf(each)) expect(text).toContain(`\`${flag}`)
    for (const argument of each.registeredArguments) expect(text).toContain(`<${argument.name()}>`)
  }
})

it.each(named)('the page of %s has only options of the command', (name, command) => {
  const rows = page(name).match(/^\| `-.*?\|/gm) ?? []
  const documented = rows.flatMap((row) => row.match(/(?<=`)--?[a-z0-9-]+/g) ?? [])
  const known = withChildren(command).flatMap((each) => flagsOf(each))
  for (const flag of documented) expect(known).toContain(flag)
})

it('the index lists every command and every exit code', () => {
  const index = page('README')
  for (const command of commands)
    expect(index).toContain(`[\`dist ${command.name()}\`](${command.name()}.md)`)
  const rows = [...index.matchAll(/^\| (\d+) \|/gm)].map((row) => Number(row[1]))
  expect(rows).toEqual(Object.values(exitCodes))
})

function withChildren(command: Command): Command[] {
  return [command, ...command.commands]
}

function flagsOf(command: Command): string[] {
  return command.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined))
}
