#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'

const program = new URL('../bundle/main.js', import.meta.url)
if (!existsSync(program)) {
  process.stderr.write('dist: not built yet: run "npm ci && npm run build"\n')
  process.exit(1)
}
// Node 22 and later keep compiled code for the next start. Not in Node's own folder below /tmp, where other users can put code.
const { HOME, XDG_CACHE_HOME } = process.env
const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
if (cache) module.enableCompileCache?.(join(cache, 'dist', 'code'))
const { main } = await import(program.href)
await main()
