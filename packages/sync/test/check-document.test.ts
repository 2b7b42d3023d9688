import { section } from '@dist/settings'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { checkDocument, pathGlob } from '../src/index.js'

const schema = section({ paths: z.array(pathGlob, 'a list is expected') })

it.each([
  ['yaml', 'paths: [a/*]'],
  ['json', '{"paths": ["a/*"]}'],
  ['toml', 'paths = ["a/*"]'],
] as const)('a document in %s is checked against a schema', async (language, text) => {
  expect(await checkDocument(text, language, schema)).toEqual({ value: { paths: ['a/*'] } })
})

it.each([
  ['paths: [', 1, 9, 'the indentation'],
  ['paths:\n  - "a["', 2, 5, 'paths[0]: a set such as [a-z]'],
  ['paths: []\nmore: 1', 2, 1, 'unknown key more: allowed are paths'],
])('%j has a mistake in line %d, column %d', async (text, line, column, message) => {
  const checked = await checkDocument(text, 'yaml', schema)
  expect(checked).toEqual({ mistakes: [{ line, column, message: expect.stringContaining(message) }] })
})
