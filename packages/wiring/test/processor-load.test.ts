import { expect, it } from 'vitest'
import { ProcessorLoad } from '../src/processor-load.js'

/** A process whose clock and processor time the test sets, in milliseconds. */
function processAt(): { at: number; used: number; load: ProcessorLoad } {
  const process = { at: 0, used: 0 }
  const load = new ProcessorLoad(
    () => process.used * 1_000,
    () => process.at,
  )
  return Object.assign(process, { load })
}

it('a process is not busy before a window has ended', () => {
  const process = processAt()
  expect(process.load.isBusy).toBe(false)
  Object.assign(process, { at: 199, used: 199 })
  expect(process.load.isBusy).toBe(false)
  process.at = 200
  expect(process.load.isBusy).toBe(true)
})

it('a process is busy while it uses nearly a processor; waiting does not count', () => {
  const process = processAt()
  expect(process.load.isBusy).toBe(false)
  const busy: boolean[] = []
  for (const used of [50, 200, 159, 160, 400, 0]) {
    process.at += 200
    process.used += used
    busy.push(process.load.isBusy)
  }
  expect(busy).toEqual([false, true, false, true, true, false])
})
