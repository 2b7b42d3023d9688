import { expect, it } from 'vitest'
import { fateOf, sourcesOf } from '../src/selection.js'

it('the fields of a form become a mirror file', () => {
  const { text, language } = sourcesOf({
    repository: 'quay.io/a/b',
    include: '3.*, latest',
    semver: '>=1',
    newest: '5',
  })
  expect(language).toBe('json')
  const tags = { include: ['3.*', 'latest'], semver: '>=1', newest: 5 }
  expect(JSON.parse(text)).toEqual({
    version: 1,
    mirrors: [{ name: 'preview', from: 'quay.io/a/b', tags }],
  })
})

it('a form without a selection takes all tags', () => {
  const { mirrors } = JSON.parse(sourcesOf({ repository: 'a/b' }).text)
  expect(mirrors[0].tags).toEqual({ include: ['*'] })
})

it('a stage of a newer service keeps its name', () => {
  expect([fateOf('newest'), fateOf('other')]).toEqual(['not among the newest', 'other'])
})
