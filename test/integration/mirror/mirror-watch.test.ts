import { writeFileSync } from 'node:fs'
import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const source = useRegistry(async ({ url }) => {
  await pushImage(url, 'team/web', '1', ociImage({ layers: [seededLayer('web', 1000)] }))
  await pushImage(url, 'team/base', '1', ociImage({ layers: [seededLayer('base', 1000)] }))
})
const workspace = useWorkspace()
const text = (...entries: string[]) =>
  `version: 1\nmirrors:\n${entries.map((each) => `  - { ${each} }\n`).join('')}`.replaceAll(
    '$SOURCE',
    source().host,
  )

const web = 'name: web, from: "$SOURCE/team/web:1", every: 10s'
const base = 'name: base, from: "$SOURCE/team/base:1"'

it('entries are mirrored at their times until SIGTERM, what fails does not end it, an edit is followed', async () => {
  const none = 'name: none, from: "$SOURCE/none:1", every: 1h'
  const path = workspace().file('dist.yaml', text(web, none))
  const running = workspace().start(['mirror', '-f', path, '--watch'])
  await running.said('web: 1 image: 1 done; fetched')
  await running.said('none: 1 image: 0 done, 1 failed')
  await running.said('dist: web: next at ')
  expect(running.stdout()).toMatch(
    new RegExp(`^web: ${source().host}/team/web:1 sha256:\\S+ {2}fetched`, 'm'),
  )
  expect(running.stderr()).toMatch(/^dist: none: \S+\/none:1: .*does not have it/m)
  writeFileSync(path, text(web, base))
  await running.said('base: 1 image: 1 done; fetched')
  // The second run of the interval, ten seconds after the first: nothing is fetched.
  await running.said('web: 1 image: 1 done (1 up to date)')
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(143)
  expect(linesOf((await workspace().dist(['images', '-q'])).stdout)).toEqual(
    ['base', 'web'].map((name) => `${source().host}/team/${name}:1`),
  )
})

it('SIGINT ends it with 130 while it transfers; --json has a line for each image', async () => {
  const path = workspace().file('dist.yaml', text(web, base))
  const running = workspace().start(['mirror', '-f', path, '--watch', '--json'])
  await waitFor(() => jsonLines(running.stdout().replace(/[^\n]*$/, '')).length >= 2, 'two images')
  running.child.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(130)
  const lines = jsonLines<{ entry: string; state: string }>(stdout)
  expect(
    lines
      .map(({ entry, state }) => `${entry} ${state}`)
      .sort()
      .slice(0, 2),
  ).toEqual(['base done', 'web done'])
})

it.each([
  [['-f', 'refs.txt'], '--watch needs a mirror file'],
  [['-f', 'dist.yaml', '--dry-run'], '--watch and --dry-run exclude each other'],
  [['-f', 'dist.yaml', '--report', 'r.jsonl'], '--watch and --report exclude each other'],
  [['-f', 'dist.yaml', '--queue', 'redis://127.0.0.1:1'], '--watch is done by this process'],
  [['-f', 'none.yaml'], 'mirror file none.yaml: cannot be read (ENOENT)'],
  [['-f', 'dist.yaml'], 'dist.yaml: no mirror has a schedule'],
])('dist mirror --watch %j is a usage error', async (args, message) => {
  workspace().file('refs.txt', 'a:1\n')
  workspace().file('dist.yaml', text(base))
  const { code, stderr } = await workspace().dist(['mirror', '--watch', ...args])
  expect(code, stderr).toBe(2)
  expect(stderr).toContain(message)
})
