import { readFileSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { jsonLines, useWorkspace } from '../support/workspace.js'

interface Line {
  name: string
  state: string
}

const workspace = useWorkspace()
const layer = seededLayer('stalls', 4 * 1024 * 1024)
const slow = ociImage({ layers: [layer] })
const small = ociImage({ layers: [seededLayer('small', 1000)] })

/** A registry with many names of one image, and one image that comes to a standstill. */
async function newRegistry(count: number) {
  const registry = await startRegistry()
  registry.content.putImage('slow', '1', slow)
  registry.script({ path: `/blobs/${layer.descriptor.digest}` }, faults.stalledBody(1024), { times: 1 })
  for (let i = 0; i < count; i++) registry.content.putImage('app', String(i), small)
  const names = Array.from({ length: count }, (_, i) => `${registry.host}/app:${i}`)
  return { registry, names, slowName: `${registry.host}/slow:1` }
}

it('the result of an image is in the report as soon as it has ended, while earlier ones go on', async () => {
  const { registry, names, slowName } = await newRegistry(20)
  await using _registry = registry
  const report = `${workspace().root}/report.jsonl`
  const running = workspace().start(['mirror', '--json', '--report', report, slowName, ...names])
  await running.said('images ')
  const reported = () => jsonLines<Line>(readFileSync(report, 'utf8')).map(({ name }) => name)
  await waitFor(() => reported().length === 20, 'the images that have ended in the report')
  expect(reported().sort()).toEqual(names.toSorted())
  await waitFor(() => jsonLines(running.stdout()).length === 20, 'the same on stdout')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  expect(jsonLines<Line>(ended.stdout).at(-1)).toMatchObject({ name: slowName, state: 'canceled' })
  expect(readFileSync(report, 'utf8')).toBe(ended.stdout)
})

it('a few images are listed in the order of the references, whichever ends first', async () => {
  const { registry, names } = await newRegistry(30)
  await using _registry = registry
  const { stdout } = await workspace().dist(['mirror', ...names])
  const listed = stdout.trimEnd().split('\n').slice(0, -1)
  expect(listed.map((line) => line.split(' ')[0])).toEqual(names)
})

it('a line in the middle that is not a reference is an error before the first request', async () => {
  const { registry, names } = await newRegistry(0)
  await using _registry = registry
  const lines = Array.from({ length: 5_000 }, (_, i) =>
    i === 2_499 ? 'no good' : `${registry.host}/app:${i}`,
  )
  const file = workspace().file('refs.txt', lines.join('\n'))
  for (const [args, stdin, where] of [
    [['-f', file], '', 'refs.txt:2500: '],
    [['-f', '-'], lines.join('\n'), 'stdin:2500: '],
  ] as const) {
    const ended = await workspace().dist(['mirror', ...args, ...names], { stdin })
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(where) })
  }
  expect(registry.received({})).toEqual([])
})

/** Starts `dist mirror -f -`. Resolves when it reads: a pipe holds less than this comment. */
async function startReading() {
  const running = workspace().start(['mirror', '-f', '-'])
  const { stdin } = running.child
  await new Promise((resolve) => stdin?.write(`# ${'x'.repeat(512 * 1024)}\n`, resolve))
  return { running, stdin }
}

it('stdin that stays open: nothing is requested before its end', async () => {
  const { registry, names } = await newRegistry(3)
  await using _registry = registry
  const { running, stdin } = await startReading()
  const [first, second, last = ''] = names
  // Each part of the last line arrives alone.
  stdin?.write(`${first}\n${second}\n${last.slice(0, 5)}`)
  await new Promise((resolve) => stdin?.write(`${last.slice(5)} #${'x'.repeat(512 * 1024)}`, resolve))
  expect(registry.received({})).toEqual([])
  stdin?.end()
  expect((await running.ended).stdout).toContain('3 images: 3 done')
})

it('stdin that stays open: Ctrl-C ends the command', async () => {
  const { running } = await startReading()
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, stdout: '' })
})

it('Ctrl-C: every reference is counted once, also those that no work had begun for', async () => {
  const { registry, names } = await newRegistry(3_000)
  await using _registry = registry
  const report = `${workspace().root}/report.jsonl`
  const file = workspace().file('refs.txt', names.join('\n'))
  const running = workspace().start(['mirror', '-f', file, '--report', report])
  await waitFor(() => registry.received({ path: '/manifests/' }).length > 100, 'the first images')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  const lines = jsonLines<Line>(readFileSync(report, 'utf8'))
  expect(new Set(lines.map(({ name }) => name))).toEqual(new Set(names))
  expect(lines).toHaveLength(3_000)
  const canceled = lines.filter(({ state }) => state === 'canceled').length
  expect(canceled).toBeGreaterThan(0)
  expect(ended.stdout).toContain(`${3_000 - canceled} done, ${canceled} canceled`)
})
