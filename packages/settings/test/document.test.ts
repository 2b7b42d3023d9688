import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { documentSettings } from '../src/document.js'
import { readSettings } from '../src/read.js'
import { docOf, type ServiceName, serviceShapes } from '../src/schema.js'

it('docs/configuration.md is generated from the settings', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  expect(page, 'run: npx tsx --conditions=source infra/container/configuration.ts').toBe(documentSettings())
})

it.each(Object.keys(serviceShapes) as ServiceName[])(
  'each setting of %s has a description, and none is required',
  async (name) => {
    for (const setting of Object.values(serviceShapes[name]))
      expect(docOf(setting).description).toMatch(/\.$/)
    const queue = name === 'registry' ? {} : { queue: 'redis://127.0.0.1:6379' }
    expect(await readSettings(name, {}, {})).toMatchObject({ ...queue, deadline: 10_000 })
  },
)
