import type { ServiceEvent } from '@dist/runs'
import { createLogger } from '@dist/service'
import { expect, it } from 'vitest'
import { logEvent } from '../src/services/log.js'

it.each<[ServiceEvent, string, string]>([
  [{ type: 'run', run: 'r', state: 'started' }, 'info', 'run started'],
  [{ type: 'image', run: 'r', state: 'done', subject: 'a' }, 'info', 'image done'],
  [{ type: 'image', run: 'r', state: 'started', subject: 'a' }, 'debug', 'image started'],
  [{ type: 'blob', run: 'r', state: 'done', subject: 'd' }, 'debug', 'blob done'],
  [{ type: 'blob', run: 'r', state: 'failed', subject: 'd', error: new Error('x') }, 'warn', 'blob failed'],
  [{ type: 'error', error: new Error('x') }, 'error', 'the queue reports an error'],
])('%j is logged at level %s', (event, level, msg) => {
  const lines: string[] = []
  logEvent(createLogger('worker', 'debug', { write: (line) => lines.push(line) }), event)
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level, msg }])
})
