import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, it } from 'vitest'

/**
 * The parts of the command, lowest first. A part imports itself and the parts before it. Commands of the same noun share
 * a folder; `images` and `mirror` use `runs` because a queue can do their work.
 */
const layers = [
  ...['version.ts', 'context.ts', 'options.ts'],
  ...['errors', 'output', 'several.ts', 'input', 'open', 'progress', 'report'],
  ...['runs', 'rootfs', 'images', 'tags', 'mirror', 'schedules', 'archive', 'config', 'content'],
  ...['account', 'completion', 'hosts', 'services', 'tokens'],
  ...['commands.ts', 'program.ts', 'run.ts', 'main.ts'],
]

const src = new URL('../src/', import.meta.url)
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const layerOf = (file: string) => layers.indexOf(file.split('/')[0] ?? '')

/** Static imports and type imports. `commands.ts` imports the module of a command when the command is called. */
function importsOf(file: string): string[] {
  const text = readFileSync(new URL(file, src), 'utf8')
  return [...text.matchAll(/ from '(\.[^']+)\.js'/g)].map(
    ([, path = '']) => `${posix.join(posix.dirname(file), path)}.ts`,
  )
}

it('no file imports a part above its own', () => {
  const upwards = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => layerOf(target) > layerOf(file))
      .map((target) => `${file} imports ${target}`),
  )
  expect(upwards).toEqual([])
})

it('each file belongs to a part', () => {
  expect(files.filter((file) => layerOf(file) < 0)).toEqual([])
})

it('a command’s module loads no large package before its action runs', () => {
  const large = 'archive|queue|redis|registry-client|rootfs|service|settings|wiring'
  const imported = new RegExp(`import (?!type )[^;']*? from '(@dist/(?:${large}))'`, 'g')
  const loaded = files.flatMap((file) =>
    [...readFileSync(new URL(file, src), 'utf8').matchAll(imported)].map((match) => `${file}: ${match[1]}`),
  )
  expect(loaded).toEqual([])
})
