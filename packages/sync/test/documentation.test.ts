import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mirrorFileJsonSchema } from '../src/schema/schema.js'
import { accepted, refusals } from './file/support.js'
import { selected } from './select/support.js'

const page = readFileSync(new URL('../../../docs/mirroring.md', import.meta.url), 'utf8')
const trusted = { HUB_PASSWORD: 'secret' }

interface Example {
  readonly line: number
  /** A whole file. Examples of tags are put into one. */
  readonly text: string
  /** The tags that the page lists behind the example, and those of them that it says are selected. */
  readonly tags: readonly [listed: string, selected: string] | undefined
}

const pattern = /^```yaml\n(.*?)^```\n(?:\nFrom `([^`]+)` this selects `([^`]+)`\.\n)?/gms
const examples: Example[] = [...page.matchAll(pattern)].map(
  ({ index, 1: yaml = '', 2: listed, 3: taken }) => ({
    line: page.slice(0, index).split('\n').length,
    text: yaml.startsWith('tags:') ? `version: 1\nmirrors:\n  - from: quay.io/a/b\n    ${yaml}` : yaml,
    tags: listed === undefined || taken === undefined ? undefined : [listed, taken],
  }),
)

/** The keys of all maps in a JSON Schema. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties } = schema as { properties?: Readonly<Record<string, unknown>> | undefined }
  const keys = typeof properties === 'object' ? Object.keys(properties) : []
  return [...keys, ...Object.values(schema).flatMap(keysOf)]
}

describe('docs/mirroring.md', () => {
  it.each(examples.map((example) => [example.line, example] as const))(
    'has in line %s an example that is valid and selects what the page says',
    async (_, { text, tags }) => {
      expect(await refusals(text, { trusted })).toEqual([])
      if (tags === undefined) return
      const { entries } = await accepted(text, { trusted })
      const [listed, taken] = tags.map((each) => each.split(' '))
      expect(await selected(listed ?? [], entries[0]?.tags ?? {})).toEqual(taken)
    },
  )

  it('has examples of selections, and names every key of the format', () => {
    expect(examples.filter(({ tags }) => tags !== undefined).length).toBeGreaterThan(6)
    const keys = [...new Set(keysOf(mirrorFileJsonSchema()))]
    expect(keys.length).toBeGreaterThan(25)
    expect(keys.filter((key) => !page.includes(`\`${key}\``) && !page.includes(`${key}: `))).toEqual([])
    expect(keys.filter((key) => !examples.some(({ text }) => new RegExp(`\\b${key}:`).test(text)))).toEqual(
      [],
    )
  })
})
