import { describe, expect, it } from 'vitest'
import { linkSignals } from '../src/link-signals.js'

describe('linked signals', () => {
  it('abort with the reason of the first', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    using both = linkSignals(a.signal, b.signal)
    expect(both.signal.aborted).toBe(false)
    b.abort('second')
    a.abort('first')
    expect(both.signal.reason).toBe('second')
  })

  it('are aborted at once when one is', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    b.abort('early')
    using both = linkSignals(a.signal, b.signal)
    expect(both.signal).toMatchObject({ aborted: true, reason: 'early' })
  })

  it('abort without their sources', () => {
    const a = new AbortController()
    using one = linkSignals(a.signal)
    one.abort('own')
    expect(one.signal.reason).toBe('own')
    expect(a.signal.aborted).toBe(false)
  })

  it('do not abort after they were disposed', () => {
    const a = new AbortController()
    const one = linkSignals(a.signal)
    one[Symbol.dispose]()
    a.abort()
    expect(one.signal.aborted).toBe(false)
  })
})
