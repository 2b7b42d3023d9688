// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the variables of mirror files
import { formatTiming } from '@dist/schedule'
import { describe, expect, it } from 'vitest'
import { compileEntry } from '../../src/place/compile.js'
import { imported, importedFixture, selectedOf, sourceOf } from './support.js'

const one = (keys: string) =>
  imported(`sync:\n  - { source: q.io/a, target: r.io/a, type: repository, ${keys} }\n`, 'regsync')

describe('a file of regsync', () => {
  it('is recognized, and becomes mirrors of the same sources and destinations', async () => {
    const { tool, file } = await importedFixture('regsync.yaml')
    expect(tool).toBe('regsync')
    expect(file.entries.map((entry) => [sourceOf(entry), entry.to[0]])).toEqual([
      ['docker.io/library/postgres', 'store.lan/hub/postgres'],
      ['docker.io/library/postgres', 'store.lan/hub/postgres'],
      ['docker.io/library/python', 'store.lan/hub/python'],
      ['registry.k8s.io/pause:latest', 'store.lan/k8s/pause:latest'],
      ['team.example.org/**', 'store.lan/team/{repository}'],
    ])
    expect(file.entries.map(({ referrers }) => referrers)).toEqual([
      [],
      [],
      [],
      false,
      ['application/spdx+json'],
    ])
    expect(file.entries[3]).toMatchObject({ platforms: ['linux/arm64'], index: 'stripped' })
  })

  it('selects the tags that regsync selects', async () => {
    const { file } = await importedFixture('regsync.yaml')
    const of = (source: string, listed: string) => selectedOf(file, source, listed)
    const postgres =
      '14.9 15 15.0 15-rc1 17.5 17.5-alpine 18.0 18-beta1 alpine3.20 alpine3.20-beta xalpine3.20 latest'
    expect(await of('docker.io/library/postgres', postgres)).toBe(
      '15 15.0 17.5 17.5-alpine 18-beta1 alpine3.20',
    )
    const python = '3.1 3.10 3x1 3.12 3.12-slim slim slim-bookworm x-bookworm bookworm-x a-slim'
    expect(await of('docker.io/library/python', python)).toBe('3.1 3x1 3.12 slim slim-bookworm x-bookworm')
    expect(await of('team.example.org/**', 'v1 pr-1 pr-x xpr-1')).toBe('v1 pr-x xpr-1')
  })

  it('selects the repositories that regsync selects', async () => {
    const { file } = await importedFixture('regsync.yaml')
    const team = file.entries.find((entry) => sourceOf(entry) === 'team.example.org/**')
    const listed = ['web/a', 'web/a/b', 'xweb/a', 'jobs/b', 'web/scratch', 'web', 'other/c']
    expect(team && listed.filter(compileEntry(team).takesRepository)).toEqual(['web/a', 'web/a/b', 'jobs/b'])
  })

  it('never brings its passwords along', async () => {
    const { text, file } = await importedFixture('regsync.yaml')
    expect(text).not.toContain('hunter2')
    expect(file.registries).toMatchObject({
      'docker.io': { username: 'ada', passwordFile: '/run/secrets/hub', mirrors: ['cache.lan:5000'] },
      'cache.lan:5000': { plainHttp: true },
      'store.lan': {
        username: 'robot',
        passwordFile: '/etc/mirror/store.lan.password',
        caFile: '/etc/mirror/store.lan.pem',
      },
    })
  })

  it('gets a remark on each line that has no equivalent or means something else', async () => {
    const { remarks } = await importedFixture('regsync.yaml')
    expect(remarks.map((remark) => remark.split(' ').slice(0, 4).join(' '))).toEqual([
      '3 the time zone',
      '9 reqConcurrent has no',
      '13 pathPrefix has no',
      '16 the password is',
      '17 put the certificate',
      '20 ratelimit has no',
      '21 dist mirrors referrers',
      '28 2 sets of',
      '36 regsync reads 3.10',
      '38 regsync reads slim|bookworm',
      '40 left out: a',
      '45 regsync puts the',
      '56 referrers are not',
    ])
  })

  it.each([
    ['>1.2', '1.2.0 1.2.1 1.3', '1.2.1 1.3'],
    ['<=1.2', '1.2 1.2.0-rc1 1.2.1', '1.2 1.2.0-rc1'],
    ['1.2', '1.2 1.2.0 1.2.1', '1.2 1.2.0'],
    ['^1.2', '1.2 1.1 1.9 2.0-rc1 2.0', '1.2 1.9 2.0-rc1'],
    ['^0.2.3', '0.2.3 0.3.0 0.3.0-a', '0.2.3 0.3.0-a'],
    ['^0.0.3', '0.0.3 0.0.4', '0.0.3'],
    ['~1.2.3', '1.2.3 1.2.9 1.3', '1.2.3 1.2.9'],
    ['>=1.0', '2.0-rc1 1.0-rc1 v1.5 1.2.3.4 latest', '2.0-rc1 v1.5 1.2.3.4'],
  ])('of the range %s selects as regsync compares', async (range, listed, taken) => {
    const { file } = await one(`tags: { semverRange: ["${range}"] }`)
    expect(await selectedOf(file, 'q.io/a', listed)).toBe(taken)
  })

  it.each([
    ['a|b', 'a ax xa b bx xb', 'a ax b xb'],
    ['^a|b$|c', 'ax xb b$ xc cx', 'ax xb xc'],
    ['(a|b)', 'a ax b xb', 'a b'],
    ['[|]a', 'a |a', ''],
    ['(?i)A|b', 'a aX Xb XB', 'a aX Xb XB'],
    ['a\\|b', 'a b', ''],
  ])('of the expression %s selects as regsync binds it', async (regex, listed, taken) => {
    const { file } = await one(`tags: { allow: ['${regex}'] }`)
    expect(await selectedOf(file, 'q.io/a', listed)).toBe(taken)
  })

  it('lets << below a key win, and the later of equal keys, as its parser does', async () => {
    const text = `x-a: &a { target: r.io/merged }
sync:
  - { source: q.io/a, target: r.io/own, type: repository, <<: *a }
  - { source: q.io/b, <<: *a, target: r.io/own, type: repository }
  - { source: q.io/c, target: r.io/first, type: repository, target: r.io/second }
`
    const { file } = await imported(text)
    expect(file.entries.map(({ to }) => to[0])).toEqual(['r.io/merged', 'r.io/own', 'r.io/second'])
  })

  it.each([
    ['schedule: "15 2 * * *"', '15 2 * * *', ['1 the time zone is UTC, where regsync']],
    ['schedule: "CRON_TZ=Europe/Berlin 15 2 * * *"', '15 2 * * * Europe/Berlin', []],
    ['schedule: "@every 1h30m"', 'every 90m', []],
    ['interval: 60m', 'every 1h', []],
    ['interval: 60m, schedule: "@daily"', '@daily', ['1 the time zone is UTC, where regsync']],
    ['interval: 5s', undefined, ['1 the times are left out: "5s": an interval']],
    ['schedule: "0 0 31 2 *"', undefined, ['1 the times are left out: "0 0 31 2 *" is never']],
    ['schedule: "TZ=Nowhere 0 0 * * *"', undefined, ['1 the times are left out: "Nowhere" is no']],
    ['', undefined, []],
  ])('keeps the times of { %s }, of an entry or of the defaults', async (times, expected, said) => {
    const entry = (more: string) => `sync: [{ source: q.io/a, target: r.io/a, type: repository, ${more} }]\n`
    for (const text of [entry(times), `defaults: { ${times} }\n${entry('')}`]) {
      const { file, remarks } = await imported(text, 'regsync')
      const [{ name, timing } = {}] = file.entries
      expect(timing && formatTiming(timing)).toBe(expected)
      expect(name).toBe('q.io/a')
      expect(remarks.map((remark) => said.find((each) => remark.startsWith(each)))).toEqual(said)
    }
  })

  it('leaves out what cannot be mirrored, with a remark', async () => {
    const { file, remarks } = await imported(`sync:
  - { source: "ocidir://x", target: r.io/a, type: image }
  - { source: q.io/a, type: image }
  - { source: q.io/a, target: r.io/a, type: all }
  - { source: q.io/a, target: r.io/a, type: repository, tags: { allow: ["("] } }
`)
    expect(file.entries).toEqual([])
    expect(remarks).toEqual([
      expect.stringMatching(/^2 left out: dist reads layouts/),
      '3 left out: target missing',
      expect.stringMatching(/^4 left out: the type is all/),
      expect.stringMatching(/^5 left out: tags.regex\[0\]: this is not a regular expression/),
    ])
  })
})
