import { describe, expect, it } from 'vitest'
import { languageOf } from '../../src/document/read.js'
import { accepted, refusals } from './support.js'

const yaml = `version: 1
registries:
  r.example:5000: { plain-http: true }
mirrors:
  - from: a/b
    tags: { list: [3.10, "x"], newest: 3 }
  - { from: "a/c:1", referrers: false }
`
const json = `{
  "version": 1,
  "registries": { "r.example:5000": { "plain-http": true } },
  "mirrors": [
    { "from": "a/b", "tags": { "list": [3.10, "x"], "newest": 3 } },
    { "from": "a/c:1", "referrers": false }
  ]
}
`
const toml = `version = 1
registries."r.example:5000".plain-http = true

[[mirrors]]
from = "a/b"
[mirrors.tags]
list = [3.10, "x"]
newest = 3

[[mirrors]]
from = "a/c:1"
referrers = false
`

const withoutPlaces = (file: object) => JSON.parse(JSON.stringify(file).replace(/"at":\{[^}]*\},/g, ''))

describe('the language of a file', () => {
  it.each([
    ['dist.yaml', 'yaml'],
    ['a/dist.YML', 'yaml'],
    ['dist.json', 'json'],
    ['dist.toml', 'toml'],
    ['refs.txt', undefined],
    ['yaml', undefined],
    ['-', undefined],
  ])('of the name %s is %s', (path, language) => expect(languageOf(path)).toBe(language))

  it('does not change what a file says', async () => {
    const expected = withoutPlaces(await accepted(yaml))
    expect(withoutPlaces(await accepted(json, { language: 'json' }))).toEqual(expected)
    expect(withoutPlaces(await accepted(toml, { language: 'toml' }))).toEqual(expected)
    expect(expected.entries[0].tags).toEqual({ list: ['3.10', 'x'], newest: 3 })
  })
})

it('a mirror file in JSON may be indented with tabs', async () => {
  const tabbed = JSON.stringify(JSON.parse(json), undefined, '\t')
  expect((await accepted(tabbed, { language: 'json' })).entries).toHaveLength(2)
})

describe('a mirror file in TOML', () => {
  it('has mistakes with line and column', async () => {
    const text =
      'version = 1\n[[mirrors]]\nfrom = "a/b"\ntags = { newest = 0, list = ["a", 1.10, ""] }\nextra.deep = 1\n'
    expect(await refusals(text, { language: 'toml' })).toEqual([
      '4:19 mirrors[0].tags.newest: a whole number from 1 to 100000 is expected',
      expect.stringMatching(/^4:41 mirrors\[0\]\.tags\.list\[2\]: /),
      expect.stringMatching(/^5:1 mirrors\[0\]: unknown key extra: allowed are name, from, /),
    ])
  })

  it.each([
    ['a = \n', '2:1'],
    ['version = 1\nversion = 2\n', '2:1'],
    ['version = "1\n', '1:13'],
  ])('of %j is refused by line', async (text, place) => {
    const [first] = await refusals(text, { language: 'toml' })
    expect(first).toContain('this is not valid TOML')
    expect(first).toMatch(new RegExp(`^${place}`))
  })

  it('names dates as they are written', async () => {
    const text = 'version = 1\n[[mirrors]]\nfrom = "a/b"\ntags = { newer-than = 2026-01-31 }\n'
    const { entries } = await accepted(text, { language: 'toml' })
    expect(entries[0]?.tags?.newerThan).toBe('2026-01-31')
  })
})
