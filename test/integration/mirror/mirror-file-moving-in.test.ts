import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { expectPushed } from '../support/expect-pushed.js'
import type { ReportLine } from '../support/mirror-text.js'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const imageOf = (name: string) => ociImage({ layers: [seededLayer(name, 1000)] })
const [a, b, c, moved] = [imageOf('a'), imageOf('b'), imageOf('c'), imageOf('moved')]

const source = useRegistry(async ({ url }) => {
  for (const tag of ['14.9', '15.0', '16-rc1', '17.5', '18.0', 'latest']) await pushImage(url, 'db', tag, a)
  for (const tag of ['3.1', '3.10', '3.12', '3x1', 'slim', 'slim-x', 'x-bookworm', 'bookworm-x'])
    await pushImage(url, 'lang', tag, b)
  for (const name of ['team/web/front', 'team/web/scratch', 'team/other'])
    for (const tag of ['1', 'pr-7']) await pushImage(url, name, tag, c)
})
const target = useRegistry()
const workspace = useWorkspace()

interface Preview {
  name: string
  to: string
  state: string
  digest?: string
  previous?: string
}

it('a user of regsync imports the file, looks, mirrors, mirrors again, and sees one tag move', async () => {
  const dist = (args: readonly string[]) => workspace().dist(args)
  const regsync = workspace().file(
    'regsync.yml',
    `version: 1
x-common: &common
  type: repository
creds:
  - { registry: "${source().host}", tls: disabled, user: robot, pass: hunter2 }
defaults: { parallel: 2, digestTags: true, referrers: true }
sync:
  - <<: *common
    source: ${source().host}/db
    target: ${target().host}/mirror/db
    tags: { semverRange: [">=15 <18"] }
  - source: ${source().host}/lang
    target: ${target().host}/mirror/lang
    type: repository
    tags:
      allow: [3.10, "3.12", slim|bookworm]
  - source: ${source().host}/team/web/front:1
    target: ${target().host}/mirror/front:stable
    type: image
`,
  )
  const file = `${workspace().root}/dist.yaml`
  const imported = await dist(['config', 'import', regsync, '-o', file])
  expect(imported).toMatchObject({ code: 0 })
  // The password stands in a file, and 3.10 means 3.1 to regsync.
  expect(imported.stderr).toMatch(/:5:\d+: the password is not copied/)
  expect(imported.stderr).toContain('3.10')
  workspace().file(`${source().host.replace(/[^\w.-]+/g, '_')}.password`, 'not asked for\n')
  expect(await dist(['config', 'check', file])).toMatchObject({ code: 0 })

  // By regsync's rules: prereleases are versions, and ^3.1$ has a dot that matches any character.
  const expected = [
    ...['15.0', '16-rc1', '17.5'].map((tag) => `mirror/db:${tag}`),
    ...['3.1', '3.12', '3x1', 'slim', 'slim-x', 'x-bookworm'].map((tag) => `mirror/lang:${tag}`),
    'mirror/front:stable',
  ].sort()
  const preview = async (...args: string[]) => {
    const ended = await dist(['mirror', '-f', file, '--dry-run', '--json', ...args])
    return { code: ended.code, lines: jsonLines<Preview>(ended.stdout) }
  }
  const names = (lines: readonly { to?: string }[]) =>
    lines.map(({ to = '' }) => to.replace(`${target().host}/`, '')).sort()
  const first = await preview('--exit-code')
  expect([first.code, names(first.lines)]).toEqual([7, expected])
  const mirror = async () => {
    const ended = await dist(['mirror', '-f', file, '--json'])
    return { code: ended.code, lines: jsonLines<ReportLine>(ended.stdout) }
  }
  const mirrored = await mirror()
  expect([mirrored.code, names(mirrored.lines)]).toEqual([0, expected])
  await expectPushed(`${target().host}/mirror/front:stable`, c)

  const again = await mirror()
  expect(again.lines.map(({ upToDate }) => upToDate)).toEqual(expected.map(() => true))
  expect(await preview('--exit-code')).toEqual({ code: 0, lines: [] })

  await pushImage(source().url, 'lang', 'slim', moved)
  const change = {
    to: `${target().host}/mirror/lang:slim`,
    previous: b.descriptor.digest,
    digest: moved.descriptor.digest,
  }
  expect((await preview()).lines).toMatchObject([{ ...change, state: 'changed' }])
  const changed = (await mirror()).lines.filter(({ upToDate }) => upToDate !== true)
  expect(changed).toMatchObject([{ ...change, state: 'done' }])
  await expectPushed(`${target().host}/mirror/lang:slim`, moved)
})
