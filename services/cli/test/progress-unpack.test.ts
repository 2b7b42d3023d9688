import type { Descriptor } from '@dist/oci'
import type { UnpackState } from '@dist/rootfs'
import { describe, expect, it } from 'vitest'
import { labelOf } from '../src/output/format.js'
import { createColors } from '../src/output/width.js'
import { Progress, type ViewEvent } from '../src/progress/images/model.js'
import { drawScreen } from '../src/progress/images/screen.js'
import { plainView } from '../src/progress/images/view.js'
import { Warnings } from '../src/rootfs/unpacking.js'
import { layer, object } from './progress-support.js'
import { captured } from './support/context.js'

const [a, b] = [layer('a'), layer('b', 50)]
const unpack = (desc: Descriptor, state: UnpackState, offset = 0): ViewEvent => ({
  type: 'unpack',
  reference: 'x',
  desc,
  state,
  offset,
})
const image = (state: 'unpacking' | 'unpacked' | 'failed'): ViewEvent => ({
  type: 'unpacked-image',
  reference: 'x',
  state,
})
const progressOf = (...events: readonly ViewEvent[]) => {
  const progress = new Progress()
  for (const event of events) progress.apply(event)
  return progress
}
const draw = (progress: Progress, rows = 24) =>
  drawScreen(progress, { columns: 100, rows, colors: createColors(false), speed: 0 })

describe('an unpacking', () => {
  it('shows a bar for each layer, and counts the bytes read', () => {
    const progress = progressOf(
      image('unpacking'),
      unpack(a, 'waiting'),
      unpack(b, 'waiting'),
      unpack(a, 'unpacking', 0),
      unpack(a, 'unpacking', 50),
    )
    const lines = draw(progress)
    expect(lines[0]).toBe('x  unpacking')
    expect(lines[1]).toMatch(/^ {2}layer sha256:\w{12} +unpacking +│━{12}─{12}│ 50 B \/ 100 B$/)
    expect(lines[2]).toMatch(/waiting +│─{24}│ 50 B$/)
    expect(lines[3]).toMatch(/^elapsed [\d.]+s {3}unpacked 50 B \/ 150 B {3}/)
    expect(progress.moved).toBe(50)
  })

  it('is complete when each layer is done or existed', () => {
    const progress = progressOf(
      unpack(a, 'unpacking', 60),
      unpack(a, 'done', 100),
      unpack(b, 'exists', 50),
      image('unpacked'),
    )
    const lines = draw(progress)
    expect(lines[0]).toBe('x  unpacked')
    for (const line of lines.slice(1, 3)) expect(line).toMatch(/unpacked +│━{24}│/)
    expect(progress.unpackAmount).toEqual({ present: 150, total: 150 })
    expect(progress.moved).toBe(40)
  })

  it('shows a failure', () => {
    const lines = draw(progressOf(unpack(a, 'unpacking', 60), unpack(a, 'failed'), image('failed')))
    expect(lines[0]).toBe('x  failed')
    expect(lines[1]).toMatch(/failed +│─{24}│ 100 B$/)
  })

  it('replaces the state of the pull', () => {
    const progress = progressOf(
      object('x', a, 'downloading', 0),
      object('x', a, 'done', 100),
      unpack(a, 'unpacking', 50),
    )
    const lines = draw(progress)
    expect(lines[1]).toMatch(/unpacking +│━{12}─{12}│/)
    expect(lines.at(-1)).toMatch(/^elapsed [\d.]+s {3}100 B \/ 100 B {3}unpacked 50 B \/ 100 B {3}/)
    expect(progress.amount).toEqual({ present: 100, total: 100 })
  })

  it('has priority over waiting and complete layers when the rows do not suffice', () => {
    const many = Array.from({ length: 20 }, (_, i) => unpack(layer(`m${i}`), i < 10 ? 'done' : 'waiting'))
    const lines = draw(progressOf(image('unpacking'), ...many, unpack(a, 'unpacking', 1)), 5)
    expect(lines.filter((line) => / unpacking /.test(line))).toHaveLength(1)
  })

  it('can repeat for the same layer in another root filesystem', () => {
    const progress = progressOf(unpack(a, 'done', 100), unpack(a, 'unpacking', 0), unpack(a, 'unpacking', 30))
    expect(progress.unpackAmount).toEqual({ present: 30, total: 100 })
    expect(progress.moved).toBe(30)
  })
})

it('plain lines report each unpacked layer and the image', () => {
  const { context, stderr } = captured()
  const view = plainView(context.stderr)
  for (const event of [
    image('unpacking'),
    unpack(a, 'waiting'),
    unpack(b, 'exists', 50),
    unpack(a, 'unpacking', 50),
    unpack(a, 'done', 100),
    image('unpacked'),
  ])
    view.onEvent(event)
  view.end()
  expect(stderr()).toBe(`x: unpacked ${labelOf(a)} 100 B\nx: unpacked\n`)
})

describe('warnings', () => {
  const written = (count: number, verbose: boolean) => {
    const { context, stderr } = captured()
    const warnings = new Warnings()
    for (let i = 0; i < count; i++) warnings.add(`entry ${i}`)
    warnings.tell(context, { verbose })
    return stderr().split('\n').slice(0, -1)
  }

  it('are written in full when they are few, or with --verbose', () => {
    expect(written(2, false)).toEqual(['dist: entry 0', 'dist: entry 1'])
    expect(written(100, true)).toHaveLength(100)
    expect(written(0, false)).toEqual([])
  })

  it('are counted beyond a limit', () => {
    const lines = written(100, false)
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toMatch(/^dist: 80 more entries .*-v/)
  })
})
