import { expect, it } from 'vitest'
import { reflow } from '../src/output/print.js'

it('paragraphs are wrapped, examples and options stay unchanged', () => {
  const text = '\none two three\nfour\n\nfive\n\nExamples:\n  $ a long line of an example\n'
  expect(reflow(text, 9)).toBe('\none two\nthree\nfour\n\nfive\n\nExamples:\n  $ a long line of an example\n')
  expect(reflow(text, 100)).toBe('\none two three four\n\nfive\n\nExamples:\n  $ a long line of an example\n')
})

it('empty text stays empty', () => {
  expect(reflow('', 5)).toBe('')
  expect(reflow('\n\n', 5)).toBe('\n\n')
})

it('a word that exceeds the width gets its own line', () => {
  expect(reflow('a sesquipedalian b', 5)).toBe('a\nsesquipedalian\nb')
})
