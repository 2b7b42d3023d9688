import type { ObjectState } from '@dist/mirror'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layer, object, progressOf } from './progress-support.js'

const [a, b] = [layer('a'), layer('b', 50)]
const only = (progress: ReturnType<typeof progressOf>) => progress.objects.get(a.digest)

describe('received bytes', () => {
  it('grow with a transfer', () => {
    const progress = progressOf(
      object('x', a, 'waiting'),
      object('x', a, 'downloading', 0),
      object('x', a, 'downloading', 40),
      object('x', a, 'done', 100),
    )
    expect(progress.received).toBe(100)
    expect(progress.amount).toEqual({ present: 100, total: 100 })
  })

  it('do not include bytes of an earlier, interrupted pull', () => {
    const progress = progressOf(
      object('x', a, 'waiting'),
      object('x', a, 'downloading', 60),
      object('x', a, 'downloading', 80),
    )
    expect(progress.received).toBe(20)
    expect(progress.amount.present).toBe(80)
  })

  it('are counted again when the transfer restarts at 0', () => {
    const progress = progressOf(
      object('x', a, 'downloading', 0),
      object('x', a, 'downloading', 60),
      object('x', a, 'downloading', 0),
      object('x', a, 'done', 100),
    )
    expect(progress.received).toBe(160)
  })

  it('do not include existing objects', () => {
    const progress = progressOf(object('x', a, 'exists', 100), object('x', b, 'done', 50))
    expect(progress.received).toBe(50)
    expect(progress.amount).toEqual({ present: 150, total: 150 })
  })

  it('are not counted twice when another image continues a failed transfer', () => {
    const progress = progressOf(
      object('x', a, 'waiting'),
      object('y', a, 'waiting'),
      object('x', a, 'downloading', 0),
      object('x', a, 'downloading', 70),
      object('x', a, 'failed'),
      object('y', a, 'downloading', 70),
      object('y', a, 'done', 100),
    )
    expect(progress.received).toBe(100)
    expect(only(progress)).toMatchObject({ state: 'done', offset: 100 })
  })
})

describe('an object that several images share', () => {
  it('is shown once, below the first image that needs it', () => {
    const progress = progressOf(object('x', a, 'waiting'), object('y', a, 'waiting'))
    expect(progress.images.get('x')?.objects).toHaveLength(1)
    expect(progress.images.get('y')?.objects ?? []).toHaveLength(0)
    expect(progress.amount.total).toBe(100)
  })

  it('does not change when another image starts to wait for it', () => {
    const progress = progressOf(object('x', a, 'downloading', 40), object('y', a, 'waiting'))
    expect(only(progress)).toMatchObject({ state: 'downloading', offset: 40 })
  })

  it('does not fail when another image gives it up during the transfer', () => {
    const progress = progressOf(
      object('y', a, 'waiting'),
      object('x', a, 'downloading', 0),
      object('x', a, 'downloading', 40),
      object('y', a, 'failed'),
    )
    expect(only(progress)).toMatchObject({ state: 'downloading', offset: 40 })
    progress.apply(object('x', a, 'downloading', 60))
    expect(progress.received).toBe(60)
  })

  it('waits again when one image gives it up and another image still needs it', () => {
    const progress = progressOf(
      object('y', a, 'waiting'),
      object('x', a, 'downloading', 30),
      object('x', a, 'failed'),
    )
    expect(only(progress)).toMatchObject({ state: 'waiting', offset: 30 })
  })

  it('stays done after any later event', () => {
    for (const state of ['waiting', 'downloading', 'failed', 'exists'] as const) {
      const progress = progressOf(object('x', a, 'done', 100), object('y', a, state, 10))
      expect(only(progress)).toMatchObject({ state: 'done', offset: 100 })
    }
  })
})

it('a failed object keeps its offset', () => {
  const progress = progressOf(object('x', a, 'downloading', 40), object('x', a, 'failed'))
  expect(only(progress)).toMatchObject({ state: 'failed', offset: 40 })
  expect(progress.amount.present).toBe(40)
})

it('a reference that is given twice does not reset its progress', () => {
  const progress = progressOf(
    object('x', a, 'downloading', 10),
    object('x', a, 'waiting'),
    object('x', a, 'downloading', 30),
  )
  expect(progress.received).toBe(20)
})

it('images appear in the order of their first events', () => {
  const progress = progressOf(
    { type: 'image', reference: 'y', state: 'resolving' },
    object('x', a, 'waiting'),
    { type: 'image', reference: 'y', state: 'failed' },
  )
  expect([...progress.images.values()].map(({ reference, state }) => [reference, state])).toEqual([
    ['y', 'failed'],
    ['x', 'resolving'],
  ])
})

it('amounts stay between 0 and the total for any order of events', () => {
  const states: ObjectState[] = ['waiting', 'downloading', 'exists', 'done', 'failed']
  const event = fc
    .record({
      reference: fc.constantFrom('x', 'y', 'z'),
      desc: fc.constantFrom(a, b, layer('empty', 0)),
      state: fc.constantFrom(...states),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ reference, desc, state, share }) => {
      const isPresent = state === 'done' || state === 'exists'
      return object(reference, desc, state, isPresent ? desc.size : Math.floor(share * desc.size))
    })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const progress = progressOf(...events)
      const { present, total } = progress.amount
      expect(present).toBeGreaterThanOrEqual(0)
      expect(present).toBeLessThanOrEqual(total)
      expect(progress.received).toBeGreaterThanOrEqual(0)
      for (const { desc, state, offset } of progress.objects.values())
        if (state === 'done' || state === 'exists') expect(offset).toBe(desc.size)
    }),
  )
})
