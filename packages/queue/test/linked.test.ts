import { describe, expect, it } from 'vitest'
import { linked } from '../src/engine/linked.js'

describe('linked signals', () => {
  it('abort with the first, for its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    using both = linked(a.signal, b.signal)
    expect(both.signal.aborted).toBe(false)
    b.abort('second')
    a.abort('first')
    expect(both.signal.reason).toBe('second')
  })

  it('are aborted from the start when one is', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    b.abort('early')
    using both = linked(a.signal, b.signal)
    expect(both.signal).toMatchObject({ aborted: true, reason: 'early' })
  })

  it('hear nothing once they are disposed of', () => {
    const a = new AbortController()
    const one = linked(a.signal)
    one[Symbol.dispose]()
    a.abort()
    expect(one.signal.aborted).toBe(false)
  })
})
