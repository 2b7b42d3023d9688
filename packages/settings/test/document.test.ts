import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { documentSettings } from '../src/document.js'

it('docs/configuration.md is what the settings say', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  expect(page, 'run: npx tsx --conditions=source infra/container/configuration.ts').toBe(documentSettings())
})
