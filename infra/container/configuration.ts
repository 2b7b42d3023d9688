// Generates docs/configuration.md from the settings of the services: npx tsx --conditions=source infra/container/configuration.ts
import { writeFileSync } from 'node:fs'
import { documentSettings } from '@dist/settings'

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), documentSettings())
