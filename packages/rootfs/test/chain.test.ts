import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { chainIDsOf } from '../src/image.js'

const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')]

describe('chain IDs', () => {
  it('start with the lowest diffID', () => {
    expect(chainIDsOf([a])).toEqual([a])
  })

  it('continue with the digest of the previous chain ID, a space and the next diffID', () => {
    // printf 'sha256:%s sha256:%s' $(printf a | sha256sum | cut -c-64) $(printf b | sha256sum | cut -c-64) | sha256sum
    const ab = 'sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676'
    expect(chainIDsOf([a, b])[1]).toBe(ab)
    expect(chainIDsOf([a, b, c])).toEqual([a, ab, digestOf(`${ab} ${c}`)])
  })

  it('differ for another order of layers, and for a repeated layer', () => {
    expect(chainIDsOf([a, b])[1]).not.toBe(chainIDsOf([b, a])[1])
    expect(chainIDsOf([a, a])[1]).not.toBe(a)
  })

  it('are empty without layers', () => {
    expect(chainIDsOf([])).toEqual([])
  })
})
