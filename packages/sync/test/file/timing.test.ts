import { describe, expect, it } from 'vitest'
import { checkMirrorFile } from '../../src/check.js'
import { accepted, entry, refusals } from './support.js'

describe('the schedule of an entry', () => {
  it('is a pattern with its time zone, or an interval', async () => {
    expect((await entry('name: a, from: "b:1", schedule: "15 3 * * *"')).timing).toEqual({
      pattern: '15 3 * * *',
      timeZone: 'UTC',
    })
    expect(
      (await entry('name: a, from: "b:1", schedule: "@daily", time-zone: Europe/Berlin')).timing,
    ).toEqual({ pattern: '@daily', timeZone: 'Europe/Berlin' })
    expect((await entry('name: a, from: "b:1", every: 6h')).timing).toEqual({ every: 21_600_000 })
    expect((await entry('from: "b:1"')).timing).toBeUndefined()
  })

  it('may be that of the defaults; the own one replaces both keys', async () => {
    const { entries } = await accepted(`version: 1
defaults: { schedule: "0 4 * * *", time-zone: Asia/Tokyo }
mirrors:
  - { name: a, from: "a:1" }
  - { name: b, from: "b:1", every: 30m }
  - { name: c, from: "c:1", schedule: "0 5 * * *" }
  - { name: d, from: "d:1", time-zone: UTC }
`)
    expect(entries.map(({ timing }) => timing)).toEqual([
      { pattern: '0 4 * * *', timeZone: 'Asia/Tokyo' },
      { every: 1_800_000 },
      { pattern: '0 5 * * *', timeZone: 'Asia/Tokyo' },
      { pattern: '0 4 * * *', timeZone: 'UTC' },
    ])
  })

  it('is refused with the line and the column of each mistake', async () => {
    const text = `version: 1
mirrors:
  - { name: a, from: "a:1", schedule: "0 0 31 2 *" }
  - { name: b, from: "b:1", schedule: "0 0 * * *", time-zone: Europe/Nowhere }
  - { name: c, from: "c:1", every: 5s }
`
    expect(await refusals(text)).toEqual([
      '3:39 mirrors[0].schedule: "0 0 31 2 *" is never due: no date matches it',
      expect.stringMatching(/^4:63 mirrors\[1\]\.time-zone: "Europe\/Nowhere" is no time zone/),
      expect.stringMatching(/^5:36 mirrors\[2\]\.every: "5s": an interval of at least 10s is expected/),
    ])
  })

  it('needs a name of the entry, one of both kinds, and a pattern for a time zone', async () => {
    const text = `version: 1
mirrors:
  - { from: "a:1", every: 6h }
  - { name: b, from: "b:1", every: 6h, schedule: "0 0 * * *" }
  - { name: c, from: "c:1", every: 6h, time-zone: UTC }
  - { name: d, from: "d:1", time-zone: UTC }
  - { name: d, from: "e:1", every: 6h }
`
    expect(await refusals(text)).toEqual([
      '3:5 mirrors[0]: an entry with a schedule needs a name: add one, such as "name: nightly"',
      '4:36 mirrors[1].every: schedule and every exclude each other: remove one of them',
      '5:51 mirrors[2].time-zone: only schedule has a time zone: add schedule, or remove this key',
      '6:40 mirrors[3].time-zone: only schedule has a time zone: add schedule, or remove this key',
      '7:13 mirrors[4].name: another mirror has the name d: give this one a name of its own',
    ])
  })
})

describe('an entry alone', () => {
  const text = `version: 1
name: nightly
registries: { r.example: { plain-http: true } }
defaults: { platforms: [linux/amd64], every: 1d, x-note: ignored }
mirrors:
  - { name: a, from: "a:1" }
  - { name: b, from: q.io/b, tags: { list: [3.10, true], immutable: "\${KEPT}" }, every: 6h }
`

  it('is a file that can be submitted and says the same', async () => {
    const checked = await checkMirrorFile(text, { path: '/dist.yaml', trusted: { KEPT: 'v*' } })
    if ('mistakes' in checked) throw new Error(JSON.stringify(checked.mistakes))
    expect(checked.file.name).toBe('nightly')
    const alone = await accepted(checked.alone(1), { trusted: undefined, language: 'json' })
    expect(alone.registries).toEqual({})
    const at = expect.anything()
    expect(alone.entries).toEqual([{ ...checked.file.entries[1], at }])
    expect(alone.entries[0]).toMatchObject({ tags: { list: ['3.10', 'true'] }, immutable: ['v*'] })
  })
})
