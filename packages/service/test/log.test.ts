import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { createLogger, type Level } from '../src/log.js'

function logged(level: Level = 'debug') {
  const lines: string[] = []
  return { lines, log: createLogger('worker', level, { write: (line) => lines.push(line) }) }
}

it('writes one JSON object per line, with time, level and service', () => {
  const { lines, log } = logged()
  log.info('ready', { listen: '127.0.0.1:1' })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/\n$/)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    service: 'worker',
    msg: 'ready',
    listen: '127.0.0.1:1',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  })
})

it('leaves out events below its level', () => {
  const { lines, log } = logged('warn')
  log.info('quiet')
  log.error('loud')
  expect(lines).toHaveLength(1)
})

const signed = 'https://user:hunter2@s3.example/b/k?X-Amz-Signature=hunter2&X-Amz-Credential=hunter2'

it.each<[string, object]>([
  ['a field', { url: signed }],
  ['a list in a field', { urls: [signed, { deep: signed }] }],
  ['an error', { error: new DistError('UNAVAILABLE', `GET ${signed} failed`) }],
  [
    'the cause of a cause',
    { error: new DistError('INTERNAL', 'x', { cause: new Error('y', { cause: new Error(signed) }) }) },
  ],
  ['a signature outside of a URL', { text: 'x-amz-signature=hunter2, X-Amz-Security-Token: hunter2' }],
  ['a URL before a quotation mark', { text: `fetching "redis://:hunter2@host/\\" \\"${signed}\\"` }],
])('removes the secrets of URLs: %s', (_, fields) => {
  const { lines, log } = logged()
  log.warn(`of ${signed}`, fields)
  expect(lines[0]).not.toContain('hunter2')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'of https://s3.example/b/k?…' })
})

it('stays one line of bounded length', () => {
  const { lines, log } = logged()
  const circle: { self?: object | undefined } = {}
  circle.self = circle
  log.info('a\nb\u001b[2J', { circle, long: 'x'.repeat(100_000) })
  expect(lines[0]?.trimEnd()).not.toContain('\n')
  expect(lines[0]).not.toContain('\u001b')
  expect(lines[0]?.length).toBeLessThan(5_000)
})

it('has the code of a DistError and the stack of other errors', () => {
  const { lines, log } = logged()
  log.error('failed', { error: new DistError('NOT_FOUND', 'no such tag', { cause: new TypeError('odd') }) })
  expect(JSON.parse(lines[0] ?? '').error).toMatchObject({
    code: 'NOT_FOUND',
    message: 'no such tag',
    retryable: false,
    cause: { name: 'TypeError', message: 'odd', stack: expect.stringContaining('log.test.ts') },
  })
})
