import { expect, it } from 'vitest'
import type { Logger } from '../src/log.js'
import { throttledLogger } from '../src/repeats.js'

function listened() {
  const said: unknown[][] = []
  const say = (...line: unknown[]) => said.push(line)
  const log = { debug: say, info: say, warn: say, error: say } as unknown as Logger
  let time = 0
  return {
    said,
    log: throttledLogger(log, () => time),
    pass: (milliseconds: number) => (time += milliseconds),
  }
}

it('the same error is said once in a while, then with how often it was not', () => {
  const { said, log, pass } = listened()
  const away = () => log.warn('a connection failed', { error: new Error('ECONNREFUSED') })
  for (let i = 0; i < 5; i++) away()
  expect(said).toHaveLength(1)
  pass(30_000)
  away()
  away()
  expect(said).toHaveLength(2)
  expect(said[1]?.[1]).toMatchObject({ repeated: 4 })
})

it('another error is said at once', () => {
  const { said, log } = listened()
  for (const message of ['ECONNREFUSED', 'READONLY']) log.warn('failed', { error: new Error(message) })
  log.warn('failed')
  expect(said).toHaveLength(3)
})

it('errors that are always new are all said, and not all remembered', () => {
  const { said, log } = listened()
  for (let i = 0; i < 250; i++) log.warn('failed', { error: new Error(`job ${i}`) })
  expect(said).toHaveLength(250)
  log.warn('failed', { error: new Error('job 0') })
  expect(said).toHaveLength(251)
})
