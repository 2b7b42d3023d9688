import { Meter } from '@dist/mirror'
import { expect, it } from 'vitest'

function metered(...offsets: number[]): Meter {
  const meter = new Meter()
  for (const offset of offsets) meter.reached(offset)
  return meter
}

it('counts the bytes of a transfer', () => {
  expect(metered(0, 40, 100)).toMatchObject({ bytes: 100, resumed: 0 })
})

it('leaves out bytes that were stored before', () => {
  expect(metered(60, 60, 100)).toMatchObject({ bytes: 40, resumed: 60 })
})

it('counts all bytes of a transfer that started again from 0', () => {
  expect(metered(60, 80, 0, 100)).toMatchObject({ bytes: 100, resumed: 0 })
})

it('counts nothing before the first offset', () => {
  expect(metered()).toMatchObject({ bytes: 0, resumed: 0 })
})
