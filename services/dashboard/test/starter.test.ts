import type { PushedImage, Pushes } from '@dist/runs'
import { waitFor } from '@dist/testkit/servers'
import { afterEach, expect, it } from 'vitest'
import { PushStarter } from '../src/hooks/starter.js'

const image: PushedImage = { host: 'r.example', repository: 'a', tag: '1' }
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Schedules without a queue: a start takes until it is released. */
class FakePushes implements Pushes {
  marked = false
  goes = false
  starts = 0
  release = () => {}
  fails = 0

  async note(): Promise<string[]> {
    this.marked = true
    return ['web']
  }

  async start() {
    this.starts++
    if (this.fails-- > 0) throw new Error('away')
    if (!this.marked) return { started: [], waiting: [] }
    if (this.goes) return { started: [], waiting: ['web'] }
    this.marked = false
    await new Promise<void>((resolve) => {
      this.release = resolve
    })
    return { started: [{ schedule: 'web', run: 'r' }], waiting: [] }
  }
}

const starters: PushStarter[] = []
afterEach(() => {
  for (const each of starters.splice(0)) each[Symbol.dispose]()
})

function starterOf(pushes: Pushes): PushStarter {
  const starter = new PushStarter(pushes, log)
  starters.push(starter)
  return starter
}

it('a push that comes while runs are started is not forgotten', async () => {
  const pushes = new FakePushes()
  const starter = starterOf(pushes)
  await starter.push(image)
  await waitFor(() => pushes.starts === 1, 'the first start')
  await starter.push(image)
  expect(pushes.marked).toBe(true)
  pushes.release()
  await waitFor(() => !pushes.marked, 'the start of what came meanwhile')
  pushes.release()
})

it('what waits for a run, or for Redis, is started later', async () => {
  const pushes = new FakePushes()
  pushes.goes = true
  pushes.fails = 1
  await starterOf(pushes).push(image)
  await waitFor(() => pushes.starts === 3, 'more looks')
  expect(pushes.marked).toBe(true)
  pushes.goes = false
  await waitFor(() => !pushes.marked, 'the start after the run')
  pushes.release()
})
