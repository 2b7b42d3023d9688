import { expect, it } from 'vitest'
import { type Logger, throttledLogger } from '../src/log.js'

function recordedLogger() {
  const lines: unknown[][] = []
  const write = (...line: unknown[]) => lines.push(line)
  const log = { debug: write, info: write, warn: write, error: write } as unknown as Logger
  let time = 0
  return {
    lines,
    log: throttledLogger(log, () => time),
    pass: (milliseconds: number) => (time += milliseconds),
  }
}

it('the same error is logged once in 30 s, then with the number of repetitions', () => {
  const { lines, log, pass } = recordedLogger()
  const away = () => log.warn('a connection failed', { error: new Error('ECONNREFUSED') })
  for (let i = 0; i < 5; i++) away()
  expect(lines).toHaveLength(1)
  pass(30_000)
  away()
  away()
  expect(lines).toHaveLength(2)
  expect(lines[1]?.[1]).toMatchObject({ repeated: 4 })
})

it('a different error is logged at once', () => {
  const { lines, log } = recordedLogger()
  for (const message of ['ECONNREFUSED', 'READONLY']) log.warn('failed', { error: new Error(message) })
  log.warn('failed')
  expect(lines).toHaveLength(3)
})

it('different errors are all logged, and the oldest is forgotten', () => {
  const { lines, log } = recordedLogger()
  for (let i = 0; i < 250; i++) log.warn('failed', { error: new Error(`job ${i}`) })
  expect(lines).toHaveLength(250)
  log.warn('failed', { error: new Error('job 0') })
  expect(lines).toHaveLength(251)
})
