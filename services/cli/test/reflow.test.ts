import { expect, it } from 'vitest'
import { reflow } from '../src/reflow.js'
import { run } from '../src/run.js'
import { captured } from './support/context.js'

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

it.each([80, 100])('on a terminal of %i columns nothing of --help but examples is wider', async (columns) => {
  const { context, stdout } = captured()
  Object.assign(context.stdout, { columns })
  expect(await run(['copy', '--help'], context)).toBe(0)
  const wide = stdout()
    .split('\n')
    .filter((line) => line.length > columns && !line.startsWith('  $ '))
  expect(wide).toEqual([])
})
