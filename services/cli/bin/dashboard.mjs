#!/usr/bin/env node
import { existsSync } from 'node:fs'

const program = new URL('../bundle/dashboard.js', import.meta.url)
if (!existsSync(program)) {
  process.stderr.write('dist-dashboard: not built yet: run "npm ci && npm run build"\n')
  process.exit(1)
}
const { main } = await import(program.href)
await main()
