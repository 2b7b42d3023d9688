import { expect, it } from 'vitest'
import { ApplyLine } from '../src/progress/line.js'
import { fakeTerminal } from './progress-support.js'

const mebibyte = 1024 * 1024

/** A line with a clock that the test sets. */
function open(env: NodeJS.ProcessEnv = {}, columns = 80, isTTY = true) {
  const { stream, written, resize } = fakeTerminal(columns, 24)
  resize.isTTY = isTTY
  const clock = { now: 0 }
  return { written, clock, line: new ApplyLine({ stderr: stream, env }, () => clock.now) }
}

it('work of less than a second shows nothing', () => {
  const { written, clock, line } = open()
  clock.now = 999
  line.show(mebibyte)
  line.end()
  expect(written()).toBe('')
})

it('longer work shows its amount at most ten times a second, and the line is erased at the end', () => {
  const { written, clock, line } = open()
  for (clock.now = 1000; clock.now < 1300; clock.now += 30) line.show(clock.now * mebibyte, 2 ** 31)
  expect(written().match(/ \/ 2\.0 GiB {3}elapsed 1\.\ds/g)).toHaveLength(3)
  expect(written()).toContain('applying   1000 MiB / 2.0 GiB ')
  line.end()
  expect(written().endsWith('\x1b[J\x1b[?25h')).toBe(true)
})

it('a line is clipped on a narrow terminal', () => {
  const { written, clock, line } = open({}, 20)
  clock.now = 2000
  line.show(mebibyte)
  expect(written()).toContain('applying   1.0 MiB…\x1b[K')
  line.end()
})

it.each([
  ['a dumb terminal', { TERM: 'dumb' }, true],
  ['an output that is not a terminal', {}, false],
])('%s shows nothing', (_, env, isTTY) => {
  const { written, clock, line } = open(env, 80, isTTY)
  clock.now = 2000
  line.show(mebibyte)
  line.end()
  expect(written()).toBe('')
})
