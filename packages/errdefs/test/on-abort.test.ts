import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { onAbort } from '../src/index.js'

test('all calls of a signal happen once, in their order, and without those that were taken back', () => {
  const controller = new AbortController()
  const called: string[] = []
  onAbort(controller.signal, () => called.push('a'))
  const takeBack = onAbort(controller.signal, () => called.push('b'))
  onAbort(controller.signal, () => called.push('c'))
  takeBack()
  controller.abort()
  controller.abort()
  expect(called).toEqual(['a', 'c'])
})

test('a call can take back a later one', () => {
  const controller = new AbortController()
  const called: string[] = []
  onAbort(controller.signal, () => takeBack())
  const takeBack = onAbort(controller.signal, () => called.push('later'))
  controller.abort()
  expect(called).toEqual([])
})

test('a signal has one listener, however many calls there are', () => {
  const { signal } = new AbortController()
  for (let i = 0; i < 100; i++) onAbort(signal, () => {})
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
})
