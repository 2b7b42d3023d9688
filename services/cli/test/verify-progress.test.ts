import type { ContentState } from '@dist/mirror'
import { digestOf } from '@dist/oci'
import { describe, expect, it, vi } from 'vitest'
import { lineView, openVerifyView, VerifyProgress, verifyLine } from '../src/progress/verify.js'
import { captured } from './support/context.js'

const [a, b] = [digestOf('a'), digestOf('b')]
const planned = {
  type: 'planned',
  content: new Map([
    [a, 4096],
    [b, 2048],
  ]),
} as const
const verified = (digest: typeof a, state: 'right' | 'missing') =>
  ({ type: 'verified', digest, found: { state, size: 1 } as ContentState }) as const

describe('VerifyProgress', () => {
  it('counts objects, bytes read and bad objects', () => {
    const progress = new VerifyProgress()
    expect(verifyLine(progress, 0)).toBe('listing the content to verify')
    progress.apply(planned)
    progress.apply({ type: 'reading', digest: a, offset: 1024 })
    progress.apply({ type: 'reading', digest: b, offset: 1024 })
    progress.apply({ type: 'reading', digest: a, offset: 3072 })
    expect(verifyLine(progress, 1024)).toBe('0/2 objects · 4.0 KiB / 6.0 KiB · 1.0 KiB/s · ETA 2.0s · 0 bad')
    progress.apply(verified(a, 'right'))
    progress.apply(verified(b, 'missing'))
    expect(verifyLine(progress, 0)).toBe('2/2 objects · 6.0 KiB / 6.0 KiB · 0 B/s · 1 bad')
  })

  it('counts no byte twice when content is longer than expected', () => {
    const progress = new VerifyProgress()
    progress.apply(planned)
    progress.apply({ type: 'reading', digest: a, offset: 9000 })
    progress.apply(verified(a, 'right'))
    expect(progress.bytes).toEqual({ done: 4096, total: 6144 })
  })
})

describe('the view', () => {
  it('writes a line every few seconds without a terminal, and none at the end', () => {
    vi.useFakeTimers()
    try {
      const { context, stderr } = captured()
      const view = lineView(context.stderr, 5000)
      view.onEvent(planned)
      view.onEvent({ type: 'reading', digest: a, offset: 4000 })
      vi.advanceTimersByTime(4999)
      expect(stderr()).toBe('')
      vi.advanceTimersByTime(5001)
      view.end()
      view.end()
      vi.advanceTimersByTime(10_000)
      expect(stderr().trimEnd().split('\n')).toHaveLength(2)
      expect(stderr()).toContain('0/2 objects · 3.9 KiB / 6.0 KiB · 800 B/s · ')
    } finally {
      vi.useRealTimers()
    }
  })

  it('leaves its last line on a terminal, narrower than the terminal', () => {
    const { context, stderr } = captured()
    Object.assign(context.stderr, { isTTY: true, columns: 20 })
    const view = openVerifyView(context)
    view.onEvent(planned)
    view.onEvent(verified(a, 'right'))
    view.end()
    expect(stderr()).toContain('\r1/2 objects · 4.0 …\x1b[K\n')
    expect(stderr().endsWith('\x1b[?25h')).toBe(true)
  })
})
