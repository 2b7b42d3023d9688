import { describeObstacle } from '@dist/runs/describe'
import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatDuration,
  formatRelative,
  formatShare,
  plural,
  shareOf,
  shortDigest,
  withoutBlob,
  withoutName,
  withTimes,
} from '../src/format.js'

describe('texts for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 * 1023.9, '1.0 MiB'],
    [150 * 1024 ** 3, '150 GiB'],
    [1e20, '88818 PiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it.each([
    [-5, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [4 * 86_400_000, '4 d'],
  ])('%d milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  it.each([
    [0, 'now'],
    [-1_400, 'now'],
    [-59_000, '59 s ago'],
    [180_000, 'in 3 min'],
    [-3 * 3_600_000, '3 h ago'],
    [72 * 3_600_000, 'in 3 d'],
  ])('%d milliseconds from now is %s', (distance, text) => {
    const now = Date.UTC(2026, 0, 1)
    expect(formatRelative(new Date(now + distance), now)).toBe(text)
  })

  it('a share is whole only when nothing is left', () => {
    expect([shareOf(1, 0), shareOf(5, 10), shareOf(20, 10)]).toEqual([0, 0.5, 1])
    expect([formatShare(0.999), formatShare(1), formatShare(0)]).toEqual(['99 %', '100 %', '0 %'])
  })

  it('counts have groups of digits, and nouns', () => {
    expect([plural(1, 'image'), plural(20_000, 'image'), plural(0, 'entry', 'entries')]).toEqual([
      '1 image',
      '20,000 images',
      '0 entries',
    ])
    expect(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('sha256:0123456789ab')
  })

  it('a message beside a name does not begin with it', () => {
    expect(withoutName('a/b:1: is absent', 'a/b:1')).toBe('is absent')
    expect(withoutName('a/b:10: is absent', 'a/b:1')).toBe('a/b:10: is absent')
  })

  it('a message beside its blob does not name it again', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    expect(withoutBlob(`blob ${digest} of r.example:5000/team/web: denies access (403)`)).toBe(
      'denies access (403)',
    )
    expect(withoutBlob(`${digest}: does not verify`)).toBe('does not verify')
    expect(withoutBlob('r.example: does not answer')).toBe('r.example: does not answer')
  })
})

describe('times in sentences', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5)
  const [later, before] = [new Date(now + 43_000), new Date(now - 60_000)]
  const shown = (obstacle: Parameters<typeof describeObstacle>[0]) =>
    withTimes(describeObstacle(obstacle, now))
      .map((part) => (typeof part === 'string' ? part : `<${part.at}|${part.distance}>`))
      .join('')

  it('are distances, with the time itself beside them', () => {
    const error = { code: 'UNAVAILABLE', message: 'it failed (503)' } as const
    expect(shown({ kind: 'retries', images: 2, at: later, error })).toBe(
      '2 images wait for another attempt <2026-01-02T03:04:48Z|in 43 s>; last error: it failed (503)',
    )
    expect(shown({ kind: 'paused-host', host: 'a.example', until: later, because: 'it is busy' })).toBe(
      'a.example is paused for <2026-01-02T03:04:48Z|43 s>: it is busy',
    )
    const by = { kind: 'held', queue: 'images', subject: 'a:1', by: 'c1' } as const
    expect(shown({ ...by, silentSince: before })).toBe(
      'a:1 is held by c1, silent since <2026-01-02T03:03:05Z|60 s ago>',
    )
  })

  it('are not looked for elsewhere', () => {
    expect(withTimes('the queue blobs is paused')).toEqual(['the queue blobs is paused'])
  })
})
