import { expect, test } from 'vitest'
import { parseText } from '../src/yaml.js'

test.each([
  ['a: 1\nb: [\n', 3],
  ['a: 1\n\tb: 2', 2],
  ['a: 1\n---\nb: 2', 2],
  ['a: *missing', undefined],
])('%j is not valid YAML, and the line is known where possible', (text, brokenAt) => {
  expect(parseText(text)).toEqual({ brokenAt })
})

test('an alias bomb is refused', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (const [above, name] of ['ab', 'bc', 'cd', 'de', 'ef'])
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${above}`).join(',')}]`)
  expect(parseText(bomb.join('\n'))).toEqual({ brokenAt: undefined })
})

test('an empty text is an empty document', () => {
  expect(parseText('# empty\n')).toEqual({ document: {} })
})
