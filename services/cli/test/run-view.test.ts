import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createColors } from '../src/output/width.js'
import { type InFlight, PaceEstimator, type Picture } from '../src/progress/run/picture.js'
import { drawRun } from '../src/progress/run/terminal.js'
import { lineView, openRunView } from '../src/progress/run/view.js'
import { captured } from './support/context.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const picture = (done: number, fetched = 0, total = 100): Picture => ({
  images: { total, done, failed: 0, active: 2 },
  blobs: { total: 300, done, failed: 1 },
  bytes: { total: 10_000, fetched },
})
const inFlight = (count: number): InFlight[] =>
  [...Array(count).keys()].map((i) => ({
    name: `registry.example.com/some/repository/${i}:1`,
    state: 'fetching',
    bytes: { present: 512, total: 1024 },
  }))

it('the log has a line every few seconds and the last picture', () => {
  const { context, stderr } = captured()
  const view = lineView(context.stderr, 5000)
  for (let i = 0; i <= 12; i++) {
    view.show(picture(i, i * 100))
    vi.advanceTimersByTime(1000)
  }
  view.end()
  view.end()
  const lines = stderr().trimEnd().split('\n')
  expect(lines.map((line) => /^images (\d+)\/100/.exec(line)?.[1])).toEqual(['0', '5', '10', '12'])
  expect(lines[1]).toMatch(
    /^images 5\/100 done, 2 in flight · blobs 5\/300, 1 failed · 500 B \/ 9\.8 KiB · 100 B\/s · ETA 1m3\ds$/,
  )
})

it('an unchanged picture is written once', () => {
  const { context, stderr } = captured()
  const view = lineView(context.stderr, 5000)
  for (let i = 0; i < 60; i++) {
    view.show(picture(1))
    vi.advanceTimersByTime(1000)
  }
  view.end()
  expect(stderr().trimEnd().split('\n')).toHaveLength(1)
})

it('output that is not a terminal has no control characters', async () => {
  const { context, stderr } = captured({ env: { TERM: 'xterm' } })
  const view = await openRunView(context)
  view.show(picture(1), inFlight(3))
  view.end()
  expect(stderr()).not.toContain('\x1b')
})

it('a terminal shows the images in flight and two lines in place of the last picture', async () => {
  const { context, stderr } = captured({ env: { TERM: 'xterm' } })
  Object.assign(context.stderr, { isTTY: true, columns: 100, rows: 24 })
  const view = await openRunView(context)
  view.show(picture(1), inFlight(3))
  view.show(picture(2), inFlight(1))
  view.end()
  expect(stderr()).toContain('\x1b[5A')
  expect(stderr()).toContain('\x1b[3A')
  expect(stderr()).toMatch(/\?25l[\s\S]*\?25h$/)
})

const screen = { colors: createColors(true), pace: { speed: 2048, eta: undefined } }

it.each([
  [80, 24, 16],
  [80, 10, 500],
  [40, 4, 16],
  [20, 2, 3],
])('a screen of %i columns and %i rows fits %i images', (columns, rows, count) => {
  const lines = drawRun(picture(50), inFlight(count), { ...screen, columns, rows }).map(
    stripVTControlCharacters,
  )
  expect(lines.length).toBeLessThanOrEqual(rows)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
  expect(lines.at(-1)).toMatch(/^images 50\/100/)
  if (count + 2 > rows && rows > 2) expect(lines.join()).toMatch(/… \d+ more under way/)
})

it('the bar shows done and failed images', () => {
  const half = { ...picture(50), images: { total: 100, done: 40, failed: 10, active: 0 } }
  const [bar = ''] = drawRun(half, [], { ...screen, columns: 100, rows: 24 })
  expect(stripVTControlCharacters(bar)).toMatch(
    new RegExp(`^│${'━'.repeat(30)}${'─'.repeat(30)}│ 0 B / 9\\.8 KiB`),
  )
  expect(bar).toContain(screen.colors.red('━'.repeat(6)))
})

it('the bar of a few images shows the fetched bytes', () => {
  const one = { ...picture(0, 5_000, 1), images: { total: 1, done: 0, failed: 0, active: 1 } }
  const [bar = ''] = drawRun(one, [], { ...screen, columns: 100, rows: 24 })
  expect(stripVTControlCharacters(bar)).toContain(`│${'━'.repeat(30)}${'─'.repeat(30)}│ 4.9 KiB / 9.8 KiB`)
})

it('the bar does not go back when images are canceled', () => {
  const bar = (images: Picture['images']) => {
    const [line = ''] = drawRun({ ...picture(0, 5_000), images }, [], { ...screen, columns: 100, rows: 24 })
    return stripVTControlCharacters(line)
  }
  const counts = { total: 4, done: 0, failed: 0 }
  expect(bar({ ...counts, active: 0, canceled: 2 })).toBe(bar({ ...counts, active: 2 }))
})

it('the tag of a name stays visible', () => {
  const image = {
    name: 'registry.example.com:5000/a/long/path/to/app:1.2.3',
    state: 'fetching',
    bytes: { present: 1, total: 2 },
  }
  const [line = ''] = drawRun(picture(0), [image], { ...screen, columns: 60, rows: 24 })
  expect(stripVTControlCharacters(line)).toMatch(/^r.*….*\/app:1\.2\.3 /)
})

it('there is no remaining time before the first estimate', () => {
  const estimator = new PaceEstimator()
  expect(estimator.at(picture(0), 0).eta).toBeUndefined()
  expect(estimator.at(picture(1, 1000), 2000).eta).toBeUndefined()
  expect(estimator.at(picture(10, 5000), 10_000).eta).toBe(90_000)
  expect(estimator.at(picture(100, 10_000), 20_000).eta).toBeUndefined()
})

it('there is no remaining time while no bytes arrive', () => {
  const estimator = new PaceEstimator()
  estimator.at(picture(0), 0)
  expect(estimator.at(picture(10, 5000), 5_000).eta).toBeDefined()
  expect(estimator.at(picture(11, 5000), 60_000).eta).toBeUndefined()
})

it('new remarks are written at once, changed remarks with the next line, other remarks once', () => {
  const { context, stderr } = captured()
  const view = lineView(context.stderr, 5000)
  const remark = (stamp: number) => [{ key: 'a', stamp, text: `${stamp} images: no answer` }]
  view.show(picture(1))
  vi.advanceTimersByTime(1000)
  view.show(picture(1), [], remark(1))
  vi.advanceTimersByTime(1000)
  view.show(picture(1), [], remark(2))
  expect(stderr().match(/^dist: .*$/gm)).toEqual(['dist: 1 images: no answer'])
  vi.advanceTimersByTime(4000)
  view.show(picture(1), [], remark(3))
  view.show(picture(1), [], remark(3))
  expect(
    stderr()
      .match(/^dist: .*$/gm)
      ?.at(-1),
  ).toBe('dist: 3 images: no answer')
  expect(stderr().match(/^dist: /gm)).toHaveLength(2)
})

it('a terminal shows obstacles above the bar', () => {
  const remarks = [{ key: 'a', stamp: 1, text: 'no worker is alive: start dist worker' }]
  const screen = { columns: 80, rows: 6, colors: createColors(false), pace: { speed: 0, eta: undefined } }
  const lines = drawRun(picture(1), inFlight(10), { ...screen, remarks })
  expect(lines).toHaveLength(6)
  expect(lines.at(-3)).toBe('no worker is alive: start dist worker')
})

it('the remaining time of large blobs is estimated from bytes', () => {
  const estimator = new PaceEstimator()
  estimator.at(picture(0), 0)
  expect(estimator.at(picture(50, 100), 10_000)).toEqual({ speed: 10, eta: 990_000 })
})
