import { stripVTControlCharacters } from 'node:util'
import type { ObjectState } from '@dist/mirror'
import { describe, expect, it } from 'vitest'
import { createColors } from '../src/output/width.js'
import type { Progress } from '../src/progress/images/model.js'
import { drawScreen } from '../src/progress/images/screen.js'
import { layer, object, progressOf } from './progress-support.js'

const plain = createColors(false)
const draw = (progress: Progress, columns = 100, rows = 24, colors = plain) =>
  drawScreen(progress, { columns, rows, colors, speed: 2 * 1024 * 1024 })

const mebibyte = 1024 * 1024
const busy = () =>
  progressOf(
    { type: 'image', reference: 'docker.io/library/app:1', state: 'planned' },
    object('docker.io/library/app:1', layer('one', 1023 * mebibyte), 'downloading', 1022 * mebibyte),
    object('docker.io/library/app:1', layer('two', 1023 * 1024), 'waiting'),
    object('docker.io/library/app:1', layer('three'), 'exists', 100),
    object('docker.io/library/app:1', layer('four'), 'done', 100),
    object('docker.io/library/app:1', layer('five'), 'failed'),
  )

it('the screen has the image, a bar for each object and the totals', () => {
  const lines = draw(busy())
  expect(lines).toHaveLength(7)
  expect(lines[0]).toBe('docker.io/library/app:1  resolved')
  expect(lines[1]).toMatch(/^ {2}layer sha256:\w{12} +downloading │━{24}│ 1022 MiB \/ 1023 MiB$/)
  expect(lines[2]).toMatch(/waiting +│─{24}│ 1023 KiB$/)
  expect(lines[3]).toMatch(/exists +│━{24}│ 100 B$/)
  expect(lines[4]).toMatch(/done +│━{24}│ 100 B$/)
  expect(lines[5]).toMatch(/failed +│─{24}│ 100 B$/)
  expect(lines[6]).toMatch(/^elapsed [\d.]+s {3}1022 MiB \/ 1\.0 GiB {3}2\.0 MiB\/s$/)
})

it('the label of objects in transfer is an option', () => {
  const options = { columns: 100, rows: 24, colors: plain, speed: 0, moving: 'uploading' }
  expect(drawScreen(busy(), options)[1]).toMatch(/ uploading {3}│━{24}│ 1022 MiB/)
})

it('eighty columns show everything, with a shorter bar', () => {
  expect(draw(busy(), 80)[1]).toMatch(/^ {2}layer sha256:\w{12} +downloading │━+│ 1022 MiB \/ 1023 MiB$/)
})

it('a narrow terminal omits first the bar, then the amount', () => {
  expect(draw(busy(), 60)[1]).toMatch(/^ {2}layer sha256:\w{12} +downloading +1022 MiB/)
  expect(draw(busy(), 40)[1]).toMatch(/^ {2}layer sha256:\w{12} +downloadin?/)
})

it.each([1, 2, 5, 10, 20, 37, 59, 60, 79, 80, 81, 120, 400])(
  'no line uses the last of %i columns',
  (columns) => {
    const many = busy()
    for (let i = 0; i < 30; i++)
      many.apply(object(`registry.example/${'deep/'.repeat(20)}app:${i}`, layer(`l${i}`), 'waiting'))
    for (const colors of [plain, createColors(true)]) {
      for (const line of draw(many, columns, 24, colors))
        expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(Math.max(1, columns - 1))
    }
  },
)

it('a wide reference is clipped, and its state stays visible', () => {
  const reference = `registry.example/${'deep/'.repeat(40)}app:1`
  const [line] = draw(progressOf({ type: 'image', reference, state: 'failed' }), 60)
  expect(line).toMatch(/^registry\.example\/deep\/.*… {2}failed$/)
})

it('the bars of all objects are aligned', () => {
  const progress = busy()
  const manifest = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: layer('m').digest,
    size: 7,
    platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
  }
  progress.apply(object('docker.io/library/app:1', manifest, 'done', 7))
  const bars = draw(progress, 120)
    .map((line) => line.indexOf('│'))
    .filter((at) => at >= 0)
  expect(new Set(bars).size).toBe(1)
  expect(bars).toHaveLength(6)
})

it('the bar of an object of 0 bytes is empty until the object is present', () => {
  const shown = (state: ObjectState) => draw(progressOf(object('x', layer('empty', 0), state)))[1]
  expect(shown('waiting')).toMatch(/│─{24}│ 0 B$/)
  expect(shown('downloading')).toMatch(/│─{24}│ 0 B \/ 0 B$/)
  expect(shown('done')).toMatch(/│━{24}│ 0 B$/)
})

it('more bytes than announced do not exceed the bar', () => {
  expect(draw(progressOf(object('x', layer('big', 10), 'downloading', 1000)))[1]).toMatch(/│━{24}│/)
})

describe('more rows than the terminal has', () => {
  const many = (count: number, state: ObjectState) =>
    Array.from({ length: count }, (_, i) =>
      object('x', layer(`${state}${i}`), state, state === 'done' ? 100 : 0),
    )

  it('transfers and failures have priority over waiting objects, and these over complete objects', () => {
    const progress = progressOf(
      ...many(20, 'done'),
      ...many(3, 'downloading'),
      ...many(20, 'waiting'),
      ...many(1, 'failed'),
    )
    const lines = draw(progress, 100, 10)
    expect(lines).toHaveLength(10)
    const states = lines.map(
      (line) => /downloading|waiting|failed|done|resolving|more|elapsed/.exec(line)?.[0],
    )
    expect(states).toEqual([
      'resolving',
      ...Array(3).fill('downloading'),
      ...Array(3).fill('waiting'),
      'failed',
      'more',
      'elapsed',
    ])
    expect(lines.at(-2)).toBe('… 37 more')
  })

  it.each([1, 2, 3, 23])('five hundred images use %i rows', (rows) => {
    const progress = progressOf()
    for (let i = 0; i < 500; i++) {
      progress.apply({ type: 'image', reference: `image-${i}`, state: i < 490 ? 'done' : 'planned' })
      for (let j = 0; j < 6; j++) progress.apply(object(`image-${i}`, layer(`${i}-${j}`), 'exists', 100))
    }
    const lines = draw(progress, 80, rows)
    expect(lines).toHaveLength(rows)
    expect(lines.at(-1)).toContain('images 490 / 500')
    if (rows === 23) expect(lines.filter((line) => line.endsWith('resolved'))).toHaveLength(10)
  })
})
