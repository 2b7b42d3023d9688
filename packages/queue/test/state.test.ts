import { describe, expect, it } from 'vitest'
import { Keys } from '../src/redis/keys.js'
import { readHead, statusOf } from '../src/state/head.js'
import { readRecord, reportOf } from '../src/state/record.js'
import { formatVerified, readVerified } from '../src/state/verified.js'

const fields = {
  state: 'running',
  store: 's',
  platforms: 'linux/amd64,linux/arm64',
  total: '3',
  chunks: '1',
  expanded: '0',
  round: '0',
  createdAt: '1700000000000',
}

describe('the head of a run', () => {
  it('is undefined when Redis has none, and INTERNAL when it is not valid', () => {
    expect(readHead({}, 'r')).toBeUndefined()
    expect(() => readHead({ ...fields, total: 'many' }, 'r')).toThrow('run r')
    expect(() => readHead({ state: 'running' }, 'r')).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })

  it('becomes the status: a counter that was never written is 0', () => {
    const head = readHead({ ...fields, 'images:done': '2', 'bytes:fetched': '9007199254740991' }, 'r')
    if (head === undefined) throw new Error('no head')
    expect(statusOf('r', head, false)).toEqual({
      id: 'r',
      kind: 'mirror',
      state: 'running',
      createdAt: new Date(1_700_000_000_000),
      elapsed: expect.any(Number),
      store: 's',
      platforms: ['linux/amd64', 'linux/arm64'],
      images: { total: 3, done: 2, failed: 0, canceled: 0, active: 0 },
      blobs: { total: 0, done: 0, failed: 0 },
      bytes: { total: 0, fetched: Number.MAX_SAFE_INTEGER },
      pruned: { names: 0, failed: 0 },
      remarks: [],
      undelivered: [],
    })
    expect(statusOf('r', head, true).state).toBe('lost')
    const ended = {
      ...head,
      worked: 3_000,
      resumedAt: head.createdAt + 60_000,
      endedAt: head.createdAt + 62_000,
    }
    expect(statusOf('r', ended, false).elapsed).toBe(5_000)
    expect(statusOf('r', { ...head, state: 'done' }, true).state).toBe('done')
    expect(statusOf('r', { ...head, to: 'registry.test/m' }, false).to).toBe('registry.test/m')
  })
})

describe('the record of an image', () => {
  it('is waiting when none was written', () => {
    for (const none of [null, undefined])
      expect(reportOf(4, 'a', readRecord(none), false)).toEqual({
        index: 4,
        reference: 'a',
        state: 'waiting',
      })
  })

  it('is canceled with its run unless it has ended', () => {
    const shown = (state: string) =>
      reportOf(0, 'a', readRecord(JSON.stringify({ attempt: 2, state })), true).state
    expect(['waiting', 'active', 'done', 'failed', 'canceled'].map(shown)).toEqual([
      'canceled',
      'canceled',
      'done',
      'failed',
      'canceled',
    ])
  })
})

describe('the outcome of a verified blob', () => {
  const bad = { code: 'NOT_FOUND', message: 'is missing' } as const

  it('holds for every attempt when it is right', () => {
    expect(readVerified(formatVerified('right', 1), 7)).toBe('right')
    expect(readVerified(null, 1)).toBeUndefined()
  })

  it('holds until the next attempt when it is bad', () => {
    const written = formatVerified(bad, 2)
    expect([1, 2, 3].map((attempt) => readVerified(written, attempt))).toEqual([bad, bad, undefined])
  })
})

describe('a prefix', () => {
  it('must begin with a hash tag', () => {
    for (const bad of ['dist', '', '{}', '{dist', 'x{dist}', '{dist} x', '{dist}\n'])
      expect(() => new Keys(bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(new Keys('{dist}:two').run('r')).toBe('{dist}:two:run:r')
  })
})
