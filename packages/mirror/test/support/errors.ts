import type { Code } from '@dist/errdefs'
import { expect } from 'vitest'

/** Matches an error with this code whose message contains all texts. */
export function errorOf(code: Code, ...texts: string[]): unknown {
  const shape: { code: Code; message?: unknown } = { code }
  if (texts.length === 0) return expect.objectContaining(shape)
  const pattern = texts.map((text) => `(?=[^]*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`).join('')
  return expect.objectContaining({ ...shape, message: expect.stringMatching(new RegExp(`^${pattern}`)) })
}
