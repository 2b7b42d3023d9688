import { Meter } from '@dist/mirror'
import { expect, it } from 'vitest'

function metered(...offsets: number[]): Meter {
  const meter = new Meter()
  for (const offset of offsets) meter.reached(offset)
  return meter
}

it('counts what came', () => {
  expect(metered(0, 40, 100)).toMatchObject({ bytes: 100, resumed: 0 })
})

it('leaves out what was there before', () => {
  expect(metered(60, 60, 100)).toMatchObject({ bytes: 40, resumed: 60 })
})

it('counts all of a transfer that began again from the start', () => {
  expect(metered(60, 80, 0, 100)).toMatchObject({ bytes: 100, resumed: 0 })
})

it('knows of nothing before anything was told', () => {
  expect(metered()).toMatchObject({ bytes: 0, resumed: 0 })
})
