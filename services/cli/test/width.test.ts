import { expect, it } from 'vitest'
import { clip, clipName, pad, textWidth } from '../src/output/width.js'

it('wide characters and emoji have width 2, colours and combining marks width 0', () => {
  expect(textWidth('alpine:3.20')).toBe(11)
  expect(textWidth('鏡像')).toBe(4)
  expect(textWidth('🐳')).toBe(2)
  expect(textWidth('👩‍🚀')).toBe(2)
  expect(textWidth('e\u0301')).toBe(1)
  expect(textWidth('\u001b[32mdone\u001b[39m')).toBe(4)
  expect(textWidth('│━…')).toBe(3)
})

it('a text is cut at its end to the given width, with an ellipsis', () => {
  expect(clip('abcdef', 6)).toBe('abcdef')
  expect(clip('abcdef', 4)).toBe('abc…')
  expect(clip('abcdef', 1)).toBe('…')
  expect(clip('abcdef', 0)).toBe('')
  expect(clip('鏡像鏡像', 5)).toBe('鏡像…')
  expect(clip('鏡像鏡像', 4)).toBe('鏡…')
})

it('a text is padded to the given width', () => {
  expect(pad('鏡', 4)).toBe('鏡  ')
  expect(pad('long', 2)).toBe('long')
})

it('a name keeps its end, also with wide characters', () => {
  expect(clipName('registry.example.com/team/app:1', 31)).toBe('registry.example.com/team/app:1')
  expect(clipName('registry.example.com/team/app:1', 16)).toBe('regi…/team/app:1')
  const wide = clipName('registry.example.com/鏡像鏡像/app:1', 16)
  expect(wide).toMatch(/\/app:1$/)
  expect(textWidth(wide)).toBeLessThanOrEqual(16)
})
