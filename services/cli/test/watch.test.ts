import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { waitFor } from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Timetable } from '../src/mirror/watch/timetable.js'
import { watchFile } from '../src/mirror/watch/watch.js'
import { captured } from './support/context.js'

const at = (text: string) => Date.parse(text)

describe('a timetable', () => {
  const berlin = { pattern: '30 2 * * *', timeZone: 'Europe/Berlin' }

  it('has one time in the night that skips the hour, and in the one that doubles it', () => {
    for (const [evening, due] of [
      ['2026-03-28T20:00Z', '2026-03-29T01:00Z'],
      ['2026-10-24T20:00Z', '2026-10-25T00:30Z'],
    ] as const) {
      const timetable = new Timetable()
      timetable.replace([{ name: 'a', timing: berlin, text: '' }], at(evening))
      let started = 0
      // A look in each minute of the night.
      for (let now = at(evening); now < at(evening) + 12 * 3_600_000; now += 60_000)
        for (const name of timetable.due(now)) {
          expect(new Date(now)).toEqual(new Date(due))
          timetable.advance(name, now)
          started++
        }
      expect(started).toBe(1)
    }
  })

  it('makes up once for what was missed while the machine slept, and keeps the times of an interval', () => {
    const timetable = new Timetable()
    const start = at('2026-05-01T10:00Z')
    timetable.replace([{ name: 'a', timing: { every: 3_600_000 }, text: '' }], start)
    expect(timetable.due(start)).toEqual(['a'])
    timetable.advance('a', start)
    const late = at('2026-05-02T09:20Z')
    expect(timetable.due(late)).toEqual(['a'])
    timetable.advance('a', late)
    expect(timetable.due(late)).toEqual([])
    expect(timetable.next('a')).toBe(at('2026-05-02T10:00Z'))
  })

  it('has an entry without times once, and again when it has changed', () => {
    const timetable = new Timetable()
    timetable.replace([{ name: 'a', text: '1' }], 0)
    expect(timetable.due(0)).toEqual(['a'])
    timetable.advance('a', 0)
    timetable.replace([{ name: 'a', text: '1' }], 5)
    expect(timetable.due(5)).toEqual([])
    timetable.replace([{ name: 'a', text: '2' }], 9)
    expect(timetable.due(9)).toEqual(['a'])
  })

  it('keeps the times of an entry whose timing stays, and begins anew with another one', () => {
    const timetable = new Timetable()
    const hourly = { name: 'a', timing: { every: 3_600_000 } }
    timetable.replace([{ ...hourly, text: '1' }], 0)
    timetable.advance('a', 0)
    timetable.replace([{ ...hourly, text: '2' }], 60_000)
    expect(timetable.next('a')).toBe(3_600_000)
    timetable.replace([{ ...hourly, timing: { every: 60_000 }, text: '2' }], 120_000)
    expect(timetable.next('a')).toBe(120_000)
    timetable.replace([], 120_000)
    expect(timetable.next('a')).toBeUndefined()
  })
})

describe('dist mirror --watch', () => {
  let folder = ''
  let now = 0
  const interrupt = () => new AbortController()
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dist-watch-'))
    now = at('2026-05-01T10:00Z')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (text: string) => writeFileSync(join(folder, 'dist.yaml'), text)
  const two = `version: 1
mirrors:
  - { name: often, from: "a.test/a:1", every: 1h }
  - { name: daily, from: "a.test/b:1", schedule: "15 3 * * *" }
  - { name: once, from: "a.test/c:1" }
`

  /** Runs the watch with a clock that the test sets. `mirror` gets the names that are mirrored. */
  function started(mirror: (name: string) => Promise<unknown>) {
    const controller = interrupt()
    const output = captured({ signal: controller.signal })
    const code = watchFile(
      output.context,
      join(folder, 'dist.yaml'),
      {},
      {
        now: () => now,
        every: 5,
        mirror: (_context, { entries }, name) => {
          expect(entries.map((entry) => entry.name)).toEqual([name])
          return mirror(name)
        },
      },
    )
    return { controller, output, code }
  }

  it('mirrors entries at their times, and ends with the code of the signal', async () => {
    write(two)
    const names: string[] = []
    const { controller, output, code } = started(async (name) => names.push(name))
    await waitFor(() => names.length === 2, 'the first runs')
    expect(names).toEqual(['often', 'once'])
    now = at('2026-05-01T11:00:01Z')
    await waitFor(() => names.length === 3, 'the next run')
    now = at('2026-05-02T03:15Z')
    await waitFor(() => names.length === 5, 'the runs of the night')
    expect(names.slice(2)).toEqual(['often', 'often', 'daily'])
    expect(output.stderr()).toContain('dist: daily: next at 2026-05-03T03:15:00.000Z\n')
    controller.abort('SIGTERM')
    expect(await code).toBe(143)
  })

  it('goes on after a run that fails, and tells the next time', async () => {
    write(two)
    let runs = 0
    const { controller, output, code } = started(async (name) => {
      if (name !== 'often') return
      runs++
      throw new DistError('UNAVAILABLE', 'the store is away')
    })
    await waitFor(() => output.stderr().includes('often: next at 2026-05-01T11:00:00.000Z'), 'the next time')
    expect(output.stderr()).toContain('dist: often: failed: the store is away\n')
    now = at('2026-05-01T11:00Z')
    await waitFor(() => runs === 2, 'the second run')
    controller.abort('SIGINT')
    expect(await code).toBe(130)
  })

  it('does not start an entry again that is still being mirrored, and waits for it at the end', async () => {
    write(two)
    let release = () => {}
    const names: string[] = []
    const { controller, output, code } = started((name) => {
      names.push(name)
      return name === 'often' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve()
    })
    await waitFor(() => names.includes('often'), 'the first run')
    now = at('2026-05-01T11:00Z')
    const skipped = 'dist: often: is still being mirrored, and is not started again\n'
    await waitFor(() => output.stderr().includes(skipped), 'the start that is left out')
    controller.abort('SIGTERM')
    const ended = await Promise.race([
      code.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 30, false)),
    ])
    expect(ended).toBe(false)
    release()
    expect(await code).toBe(143)
    expect(names.filter((name) => name === 'often')).toHaveLength(1)
  })

  it('reads the file again when it has changed; a broken one is reported, and the last one stays', async () => {
    write(two)
    const names: string[] = []
    const { controller, output, code } = started(async (name) => names.push(name))
    await waitFor(() => names.length === 2, 'the first runs')
    write('version: 1\nmirrors:\n  - { name: often }\n')
    await waitFor(() => output.stderr().includes('its last version stays in use'), 'the report')
    expect(output.stderr()).toMatch(/dist\.yaml:3:5: mirrors\[0\]\.from/)
    now = at('2026-05-01T11:00Z')
    await waitFor(() => names.length === 3, 'a run of the last version')
    rmSync(join(folder, 'dist.yaml'))
    await waitFor(() => output.stderr().includes('cannot be read (ENOENT)'), 'the report')
    write(two.replace('name: once', 'name: new'))
    await waitFor(() => names.includes('new'), 'the run of the new entry')
    expect(output.stderr()).toContain('dist.yaml: read again\n')
    controller.abort('SIGTERM')
    await code
  })

  it('mirrors four entries at the same time, and the others after them', async () => {
    const entries = [1, 2, 3, 4, 5, 6].map((n) => `  - { name: e${n}, from: "a.test/${n}:1", every: 1h }\n`)
    write(`version: 1\nmirrors:\n${entries.join('')}`)
    const waiting: (() => void)[] = []
    const { controller, code } = started(() => new Promise<void>((resolve) => waiting.push(resolve)))
    await waitFor(() => waiting.length === 4, 'four runs')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(waiting).toHaveLength(4)
    for (const release of waiting.splice(0)) release()
    await waitFor(() => waiting.length === 2, 'the others')
    for (const release of waiting) release()
    controller.abort('SIGTERM')
    await code
  })

  it.each([
    ['without a time', 'version: 1\nmirrors: [{ from: "a:1" }]\n', /no mirror has a schedule/],
    ['that is not there', undefined, /cannot be read \(ENOENT\)/],
  ])('refuses a file %s', async (_, text, message) => {
    if (text !== undefined) write(text)
    const { code } = started(async () => {})
    await expect(code).rejects.toThrow(message)
  })

  it('refuses a file with mistakes, with exit code 2', async () => {
    write('version: 1\nmirrors: [{ from: "a:1", every: 1h }]\n')
    const { code, output } = started(async () => {})
    expect(await code).toBe(2)
    expect(output.stderr()).toContain('an entry with a schedule needs a name')
  })
})
