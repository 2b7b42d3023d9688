import { expect, it } from 'vitest'
import { reflow } from '../src/output/reflow.js'

it('paragraphs are broken anew, examples and options are left as they are', () => {
  const text = '\none two three\nfour\n\nfive\n\nExamples:\n  $ a long line of an example\n'
  expect(reflow(text, 9)).toBe('\none two\nthree\nfour\n\nfive\n\nExamples:\n  $ a long line of an example\n')
  expect(reflow(text, 100)).toBe('\none two three four\n\nfive\n\nExamples:\n  $ a long line of an example\n')
})

it('what is empty stays empty', () => {
  expect(reflow('', 5)).toBe('')
  expect(reflow('\n\n', 5)).toBe('\n\n')
})

it('a word that is wider stands alone', () => {
  expect(reflow('a sesquipedalian b', 5)).toBe('a\nsesquipedalian\nb')
})
