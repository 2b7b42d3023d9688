import { expect, it } from 'vitest'
import type { Handlers } from '../src/api/mount.js'
import { questionOf } from '../src/live/questions.js'

/** Handlers that answer what they were asked. */
const handlers = new Proxy({} as Handlers, {
  get: (_, id) => async (asked: object) => ({ id, ...asked }),
})

it('a path leads to its operation, with parameters and query', async () => {
  expect(await questionOf('/runs/a%2Fb/images?state=failed&limit=5', handlers)()).toEqual({
    id: 'listImages',
    params: { run: 'a/b' },
    query: { state: 'failed', limit: 5 },
  })
})

it.each(['/session', '/runs/a/events', '/live', '/nothing', '/runs/a/retry', ''])(
  '%j is not followed',
  (path) => {
    expect(() => questionOf(path, handlers)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  },
)

it.each(['/runs?limit=0', '/runs?other=1', '/runs/%zz', '//evil.example/runs', 'http://['])(
  '%j is refused',
  (path) => {
    expect(() => questionOf(path, handlers)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  },
)
