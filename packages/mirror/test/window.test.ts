import { parseReference, type Reference } from '@dist/reference'
import { expect, it } from 'vitest'
import { type Entry, Window } from '../src/window.js'

const repeat = function* (text: string, count: number): Iterable<Reference> {
  const reference = parseReference(text)
  for (let i = 0; i < count; i++) yield reference
}

/** A window whose images end when they are told to. */
function newWindow(most: number, ahead?: number) {
  const begun: Entry[] = []
  const open: (() => void)[] = []
  let failure: { readonly error: unknown } | undefined
  let over = false
  let running = 0
  const figures = { most: 0 }
  const run = async (entry: Entry) => {
    begun.push(entry)
    figures.most = Math.max(figures.most, ++running)
    await new Promise<void>((resolve) => open.push(resolve))
    running--
  }
  const onEnd = (failed?: { readonly error: unknown }) => {
    over = true
    failure = failed
  }
  return {
    window: new Window({ run, most: () => most, onEnd, ahead }),
    begun,
    figures,
    isOver: () => over,
    failure: () => failure,
    /** Ends all images, also those that begin then. */
    finish: () => {
      open.push = (resolve) => {
        resolve()
        return 0
      }
      for (const end of open.splice(0)) end()
    },
  }
}

it('begins a bounded number of images of a host, and all in their order', async () => {
  const { window, begun, figures, isOver, finish } = newWindow(16)
  window.start(repeat('a.test/x:1', 5_000))
  await expect.poll(() => begun.length).toBe(16)
  finish()
  await expect.poll(isOver).toBe(true)
  expect(begun.map(({ index }) => index)).toEqual([...Array(5_000).keys()])
  expect(figures.most).toBeLessThanOrEqual(16)
})

it('begins images of a host behind thousands of another one', async () => {
  const { window, begun } = newWindow(2)
  window.start([...repeat('a.test/x:1', 5_000), ...repeat('b.test/x:1', 5_000)])
  await expect.poll(() => begun.map(({ index }) => index)).toEqual([0, 1, 5_000, 5_001])
})

it('reads a bounded number of references ahead, and goes on when images end', async () => {
  const { window, begun, isOver, finish } = newWindow(10)
  let read = 0
  const counted = function* () {
    for (const reference of repeat('a.test/x:1', 250_000)) {
      read++
      yield reference
    }
  }
  window.start(counted())
  await expect.poll(() => read, { timeout: 20_000 }).toBe(100_010)
  await new Promise((resolve) => setImmediate(resolve))
  expect(read).toBe(100_010)
  finish()
  await expect.poll(isOver, { timeout: 20_000 }).toBe(true)
  expect(begun).toHaveLength(250_000)
}, 60_000)

it('ends with the error of references that break off, after the images before it', async () => {
  const { window, begun, isOver, failure, finish } = newWindow(1)
  const broken = async function* () {
    yield* repeat('a.test/x:1', 3)
    throw new Error('the listing broke off')
  }
  window.start(broken())
  await expect.poll(() => begun.length).toBe(1)
  expect(isOver()).toBe(false)
  finish()
  await expect.poll(isOver).toBe(true)
  expect(begun).toHaveLength(3)
  expect(failure()).toEqual({ error: new Error('the listing broke off') })
})

it('begins nothing after a stop, which waits for the images that have begun', async () => {
  const { window, begun, finish } = newWindow(2)
  window.start(repeat('a.test/x:1', 100))
  await expect.poll(() => begun.length).toBe(2)
  let stopped = false
  const stopping = window.stop().then(() => {
    stopped = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(stopped).toBe(false)
  finish()
  await stopping
  expect(begun).toHaveLength(2)
})

it('reads no further ahead than it is told to', async () => {
  const { window, begun, finish, isOver } = newWindow(2, 10)
  let read = 0
  const counted = function* () {
    for (const reference of repeat('a.test/x:1', 100)) {
      read++
      yield reference
    }
  }
  window.start(counted())
  await expect.poll(() => read).toBe(12)
  finish()
  await expect.poll(isOver).toBe(true)
  expect([read, begun.length]).toEqual([100, 100])
})
